//! Mermaid flowchart.

use crate::scene::{Link, LinkState, Scene, SceneNode, Shape};

/// Writes a flowchart from left to right.
pub(crate) fn render(scene: &Scene) -> String {
    let mut text = format!("---\ntitle: {}\n---\nflowchart LR\n", quoted(&scene.title));
    for (index, zone) in scene.zones.iter().enumerate() {
        line(
            &mut text,
            &format!("  subgraph z{index}[\"{}\"]", escaped(&zone.label)),
        );
        for (at, node) in scene
            .nodes
            .iter()
            .enumerate()
            .filter(|(_, node)| node.zone == Some(index))
        {
            line(&mut text, &format!("    {}", shape(at, node)));
        }
        line(&mut text, "  end");
    }
    for (at, node) in scene
        .nodes
        .iter()
        .enumerate()
        .filter(|(_, node)| node.zone.is_none())
    {
        line(&mut text, &format!("  {}", shape(at, node)));
    }
    for link in &scene.links {
        let arrow = match link.state {
            LinkState::Protected | LinkState::Sweeping => "==>",
            LinkState::Optional | LinkState::Relation => "-->",
            LinkState::Open => "-.->",
        };
        let words = if link.label.is_empty() {
            String::new()
        } else {
            format!("|\"{}\"|", escaped(&link.label))
        };
        line(
            &mut text,
            &format!("  n{} {arrow}{words} n{}", link.from, link.to),
        );
    }
    for (states, colour) in [
        ([LinkState::Open, LinkState::Sweeping], "#c62828"),
        ([LinkState::Protected, LinkState::Protected], "#2e7d32"),
    ] {
        let of_it =
            |(at, link): (usize, &Link)| states.contains(&link.state).then(|| at.to_string());
        let links: Vec<String> = scene.links.iter().enumerate().filter_map(of_it).collect();
        if !links.is_empty() {
            let links = links.join(",");
            line(&mut text, &format!("  linkStyle {links} stroke:{colour}"));
        }
    }
    line(
        &mut text,
        "  classDef alarming stroke:#c62828,stroke-width:3px",
    );
    let alarming: Vec<String> = (0..scene.nodes.len())
        .filter(|at| scene.nodes.get(*at).is_some_and(|node| node.alarming))
        .map(|at| format!("n{at}"))
        .collect();
    if !alarming.is_empty() {
        line(
            &mut text,
            &format!("  class {} alarming", alarming.join(",")),
        );
    }
    text
}

fn shape(at: usize, node: &SceneNode) -> String {
    let numbers = node.numbers();
    let numbers = if numbers.is_empty() {
        numbers
    } else {
        format!("<br/>⬤ {numbers}")
    };
    let label = format!(
        "{}<br/>{}{numbers}",
        escaped(&node.label),
        escaped(&node.detail)
    );
    match node.shape {
        Shape::Actor => format!("n{at}((\"{label}\"))"),
        Shape::Entry => format!("n{at}{{{{\"{label}\"}}}}"),
        Shape::Dataset => format!("n{at}[(\"{label}\")]"),
        Shape::Identity => format!("n{at}([\"{label}\"])"),
        Shape::Workload | Shape::Role | Shape::Pipeline => format!("n{at}[\"{label}\"]"),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('"', "&quot;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace(['\n', '\r'], " ")
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace(['"', '\n', '\\'], " "))
}

fn line(text: &mut String, words: &str) {
    text.push_str(words);
    text.push('\n');
}
