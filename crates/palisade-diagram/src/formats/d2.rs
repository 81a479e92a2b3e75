//! D2.

use crate::scene::{LinkState, Scene, SceneNode, Shape};

/// Writes a D2 diagram from left to right.
pub(crate) fn render(scene: &Scene) -> String {
    let mut text = String::from("direction: right\n");
    for (index, zone) in scene.zones.iter().enumerate() {
        line(&mut text, &format!("z{index}: {} {{", quoted(&zone.label)));
        for (at, node) in scene
            .nodes
            .iter()
            .enumerate()
            .filter(|(_, node)| node.zone == Some(index))
        {
            declare(&mut text, "  ", at, node);
        }
        line(&mut text, "}");
    }
    for (at, node) in scene
        .nodes
        .iter()
        .enumerate()
        .filter(|(_, node)| node.zone.is_none())
    {
        declare(&mut text, "", at, node);
    }
    for link in &scene.links {
        let style = match link.state {
            LinkState::Protected => "{style.stroke: \"#2e7d32\"; style.stroke-width: 3}",
            LinkState::Optional => "{style.stroke: \"#ef6c00\"}",
            LinkState::Open => "{style.stroke: \"#c62828\"; style.stroke-dash: 4}",
            LinkState::Sweeping => "{style.stroke: \"#c62828\"; style.stroke-width: 3}",
            LinkState::Relation => "{style.stroke: \"#78909c\"}",
        };
        let (from, to) = (path(scene, link.from), path(scene, link.to));
        line(
            &mut text,
            &format!("{from} -> {to}: {} {style}", quoted(&link.label)),
        );
    }
    text
}

fn path(scene: &Scene, at: usize) -> String {
    match scene.nodes.get(at).and_then(|node| node.zone) {
        Some(zone) => format!("z{zone}.n{at}"),
        None => format!("n{at}"),
    }
}

fn declare(text: &mut String, indent: &str, at: usize, node: &SceneNode) {
    let shape = match node.shape {
        Shape::Actor => "cloud",
        Shape::Entry => "hexagon",
        Shape::Dataset => "cylinder",
        Shape::Identity => "person",
        Shape::Workload => "rectangle",
        Shape::Role => "page",
        Shape::Pipeline => "step",
    };
    let numbers = node.numbers();
    let numbers = if numbers.is_empty() {
        numbers
    } else {
        format!(" ({numbers})")
    };
    let stroke = if node.alarming {
        "; style.stroke: \"#c62828\""
    } else {
        ""
    };
    let label = quoted(&format!("{}{numbers}", node.label));
    line(
        text,
        &format!("{indent}n{at}: {label} {{shape: {shape}{stroke}}}"),
    );
}

fn quoted(text: &str) -> String {
    let clean: String = text.chars().filter(|letter| !letter.is_control()).collect();
    format!(
        "\"{}\"",
        clean
            .replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('$', "\\$")
    )
}

fn line(text: &mut String, words: &str) {
    text.push_str(words);
    text.push('\n');
}
