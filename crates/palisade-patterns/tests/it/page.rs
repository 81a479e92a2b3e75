//! Reads a handbook page: per check a section with flagged and unflagged examples.

use palisade_model::Check;

/// One file of an example.
#[derive(Debug, Clone, Default)]
pub(crate) struct Example {
    /// Name from the fence's info string.
    pub(crate) name: String,
    /// Text inside the fence.
    pub(crate) text: String,
}

/// The section of one check.
#[derive(Debug, Default)]
pub(crate) struct Section {
    /// `PAL0501 slug`, as the heading says it.
    pub(crate) heading: String,
    /// Whether a paragraph stands between the heading and the first example.
    pub(crate) explained: bool,
    /// Files that are flagged.
    pub(crate) flagged: Vec<Example>,
    /// Messages after `Finding:`.
    pub(crate) findings: Vec<String>,
    /// Files that are not flagged.
    pub(crate) clean: Vec<Example>,
}

/// Starts of the lines of a section that repeat what the registry says.
const FACTS: [&str; 5] = [
    "Severity: ",
    "**Lets:** ",
    "**Fix:** ",
    "**References:** ",
    "**Elsewhere:** ",
];

/// What the registry says about a check, as its section repeats it.
fn facts(check: &Check) -> String {
    let confidence = format!("{:?}", check.confidence).to_lowercase();
    let mut facts = format!(
        "Severity: {} · confidence: {confidence}\n\n**Lets:** {}.\n\n**Fix:** {}.\n\n**References:** {}.\n\n",
        check.severity.word(),
        check.lets,
        check.fix,
        check.references.join("; ")
    );
    let elsewhere: Vec<String> = check
        .equivalents
        .iter()
        .map(|other| format!("{} `{}`", other.tool.name(), other.id))
        .collect();
    if !elsewhere.is_empty() {
        facts.extend(["**Elsewhere:** ", &elsewhere.join(", "), ".\n\n"]);
    }
    facts
}

/// The page with the facts of every check before its first example.
pub(crate) fn with_facts(page: &str, find: impl Fn(&str) -> Option<Check>) -> String {
    let mut out = String::new();
    let mut check: Option<Check> = None;
    for line in page.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            check = find(heading.split(' ').next().unwrap_or_default());
        }
        if check.is_some() && FACTS.iter().any(|start| line.starts_with(start)) {
            continue;
        }
        if line == "### Flagged"
            && let Some(check) = check.take()
        {
            out.truncate(out.trim_end().len());
            out.push_str("\n\n");
            out.push_str(&facts(&check));
        }
        out.push_str(line);
        out.push('\n');
    }
    out
}

#[derive(Clone, Copy, PartialEq)]
enum Part {
    Text,
    Flagged,
    Clean,
}

/// The sections of a page, in order.
pub(crate) fn sections(page: &str) -> Vec<Section> {
    let mut found: Vec<Section> = Vec::new();
    let mut part = Part::Text;
    let mut fence: Option<Example> = None;
    for line in page.lines() {
        if let Some(example) = &mut fence {
            if line == "```" {
                let done = fence.take().unwrap_or_default();
                close(found.last_mut(), part, done);
            } else {
                example.text.push_str(line);
                example.text.push('\n');
            }
            continue;
        }
        if let Some(heading) = line.strip_prefix("## ") {
            found.push(Section {
                heading: heading.to_owned(),
                ..Section::default()
            });
            part = Part::Text;
        } else if line == "### Flagged" {
            part = Part::Flagged;
        } else if line == "### Not flagged" {
            part = Part::Clean;
        } else if let Some(info) = line.strip_prefix("```") {
            let name = info.split_once(' ').map_or("", |(_, name)| name.trim());
            fence = Some(Example {
                name: name.to_owned(),
                text: String::new(),
            });
        } else if let Some(section) = found.last_mut() {
            if let Some(message) = line.strip_prefix("Finding: ") {
                section.findings.push(message.to_owned());
            } else if part == Part::Text && !line.trim().is_empty() {
                section.explained = true;
            }
        }
    }
    found
}

fn close(section: Option<&mut Section>, part: Part, example: Example) {
    let Some(section) = section else { return };
    match part {
        Part::Flagged => section.flagged.push(example),
        Part::Clean => section.clean.push(example),
        Part::Text => {}
    }
}
