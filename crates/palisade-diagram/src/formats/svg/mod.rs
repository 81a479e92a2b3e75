//! SVG with its own light and dark colours.

mod header;
mod style;

use std::collections::{BTreeMap, BTreeSet};

use palisade_model::{Severity, Status};

use self::header::{HEADER, LEGEND};
use self::style::{STYLE, markers};
use crate::layout::{Placement, Rectangle};
use crate::scene::{Link, LinkState, Scene, SceneNode, Shape};

const MARGIN: f64 = 32.0;
const LEAST_WIDTH: f64 = 1320.0;
/// Badges that fit on a node; more are summed up.
const MOST_BADGES: usize = 6;
/// Letters of a name that fit in a node at full size.
const EASY_LABEL: usize = 19;
/// Letters that fit when they are smaller.
const LONG_LABEL: usize = 22;
/// Letters of a name that fit at all.
const MOST_LABEL: usize = 26;

/// Writes the picture.
pub(crate) fn render(scene: &Scene, placement: &Placement) -> String {
    let width = (placement.width + 2.0 * MARGIN).max(LEAST_WIDTH);
    let height = placement.height + HEADER + LEGEND + MARGIN;
    let mut out = Svg {
        text: String::new(),
        left: (width - placement.width) / 2.0,
        top: HEADER,
    };
    out.put(&format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
         height=\"{height:.0}\" role=\"img\" aria-labelledby=\"picture-title picture-words\">\
         <title id=\"picture-title\">{}</title><desc id=\"picture-words\">{}</desc><style>{STYLE}</style>{}\
         <rect class=\"page\" width=\"100%\" height=\"100%\"/>",
        escaped(&scene.title),
        escaped(&in_words(scene)),
        markers()
    ));
    out.header(scene, width);
    for (zone, place) in scene.zones.iter().zip(&placement.zones) {
        out.zone(&zone.label, place);
    }
    out.links(scene, placement);
    for (node, place) in scene.nodes.iter().zip(&placement.nodes) {
        out.node(node, place);
    }
    out.legend(scene, height - LEGEND);
    out.put("</svg>");
    out.text
}

/// What the picture shows, for those who do not see it.
fn in_words(scene: &Scene) -> String {
    let shown = |shape: Shape| {
        scene
            .nodes
            .iter()
            .filter(|node| node.shape == shape)
            .count()
    };
    let exposed = scene
        .nodes
        .iter()
        .filter(|node| node.alarming && node.shape == Shape::Workload)
        .map(|node| node.label.as_str())
        .collect::<Vec<_>>();
    let open = scene
        .links
        .iter()
        .filter(|link| link.state == LinkState::Open);
    let missing: Vec<String> = palisade_model::PatternId::all()
        .filter(|pattern| scene.status(*pattern) == Status::Missing)
        .map(|pattern| pattern.title().to_owned())
        .collect();
    let listed = |names: &[&str]| {
        if names.is_empty() {
            "none".to_owned()
        } else {
            names.join(", ")
        }
    };
    let missing: Vec<&str> = missing.iter().map(String::as_str).collect();
    format!(
        "{} Entry points: {}. Workloads: {}. Datasets: {}. Identities: {}. Links: {}, plain or anonymous: {}. \
         Exposed: {}. Patterns that are missing: {}.",
        scene.question,
        shown(Shape::Entry),
        shown(Shape::Workload),
        shown(Shape::Dataset),
        shown(Shape::Identity),
        scene.links.len(),
        open.count(),
        listed(&exposed),
        listed(&missing)
    )
}

/// How a link runs.
struct Path {
    /// From end to end; pieces in lanes are those of other links too.
    pieces: Vec<String>,
    /// Where its lock is.
    lock: (f64, f64),
    /// Whether it arrives at the right side of its target.
    from_behind: bool,
}

struct Svg {
    text: String,
    left: f64,
    top: f64,
}

impl Svg {
    fn put(&mut self, words: &str) {
        self.text.push_str(words);
        self.text.push('\n');
    }

    fn write(&mut self, class: &str, x: f64, y: f64, words: &str) {
        self.put(&format!(
            "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>",
            escaped(words)
        ));
    }

    fn zone(&mut self, label: &str, place: &Rectangle) {
        let (x, y) = (place.x + self.left, place.y + self.top);
        self.put(&format!(
            "<rect class=\"zone\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"14\"/>",
            place.width, place.height
        ));
        // A letter is about eight pixels wide.
        let full = label.len() <= 25 || place.width > 32.0 + 8.0 * count(label.len());
        let class = if full { "zt" } else { "zt long" };
        self.write(class, x + 16.0, y + 24.0, &shortened(label, 40));
    }

    /// Links end at one point for each state, so that arrow heads and locks are few.
    fn links(&mut self, scene: &Scene, placement: &Placement) {
        let mut states: BTreeMap<usize, BTreeSet<LinkState>> = BTreeMap::new();
        for link in &scene.links {
            states.entry(link.to).or_default().insert(link.state);
        }
        let mut drawn: Vec<(&Link, &[usize])> = scene
            .links
            .iter()
            .zip(&placement.routes)
            .map(|(link, route)| (link, route.as_slice()))
            .collect();
        // What is open is drawn last, over everything else.
        drawn.sort_by_key(|(link, _)| match link.state {
            LinkState::Relation => 0,
            LinkState::Protected => 1,
            LinkState::Optional => 2,
            LinkState::Open | LinkState::Sweeping => 3,
        });
        let mut locks: BTreeMap<(usize, LinkState, bool), (f64, f64)> = BTreeMap::new();
        let mut pieces: BTreeSet<(LinkState, String)> = BTreeSet::new();
        for (link, route) in drawn {
            let known: Vec<LinkState> = states
                .get(&link.to)
                .into_iter()
                .flatten()
                .copied()
                .collect();
            let at = known
                .iter()
                .position(|state| *state == link.state)
                .unwrap_or(0);
            let share = (count(at) + 1.0) / (count(known.len()) + 1.0);
            let Some(path) = self.path(link, route, placement, share) else {
                continue;
            };
            let last = path.pieces.len().saturating_sub(1);
            for (at, piece) in path.pieces.iter().enumerate() {
                // Dashes that lie on each other would fill their gaps.
                if pieces.insert((link.state, piece.clone())) {
                    self.piece(link.state, piece, at == last);
                }
            }
            let names = |at: usize| scene.nodes.get(at).map_or("", |node| node.label.as_str());
            self.put(&format!(
                "<path class=\"hit\" d=\"{}\"><title>{} → {} {} ({})</title></path>",
                path.pieces.concat(),
                escaped(names(link.from)),
                escaped(names(link.to)),
                escaped(&link.label),
                words(link.state)
            ));
            locks.insert((link.to, link.state, path.from_behind), path.lock);
        }
        for ((_, state, _), place) in locks {
            self.lock(state, place);
        }
    }

    fn piece(&mut self, of: LinkState, path: &str, last: bool) {
        let class = state(of);
        let head = if last {
            format!(" marker-end=\"url(#a{class})\"")
        } else {
            String::new()
        };
        self.put(&format!(
            "<path class=\"link {class}\" d=\"{path}\"{head}/>"
        ));
    }

    fn path(
        &self,
        link: &Link,
        route: &[usize],
        placement: &Placement,
        share: f64,
    ) -> Option<Path> {
        let from = placement.nodes.get(link.from)?;
        let to = placement.nodes.get(link.to)?;
        let end_y = to.y + to.height * share + self.top;
        let start_y = from.middle() + self.top;
        if to.x < from.x + from.width {
            let left_of_it = to.x + to.width <= from.x;
            let start = if left_of_it {
                from.x
            } else {
                from.x + from.width
            } + self.left;
            let end = to.x + to.width + self.left;
            let first = if left_of_it {
                start - 46.0
            } else {
                start + 46.0
            };
            let last = end + 46.0;
            let piece = format!(
                "M{start:.1} {start_y:.1}C{first:.1} {start_y:.1} {last:.1} {end_y:.1} {end:.1} {end_y:.1}"
            );
            return Some(Path {
                pieces: vec![piece],
                lock: (end + 20.0, end_y),
                from_behind: true,
            });
        }
        let mut at = (from.x + from.width + self.left, start_y);
        let mut pieces = Vec::new();
        for lane in route {
            let lane = placement.lanes.get(*lane)?;
            let (left, y) = (lane.x + self.left, lane.middle() + self.top);
            pieces.push(curve(at, (left, y)));
            let right = left + lane.width;
            pieces.push(format!("M{left:.1} {y:.1}H{right:.1}"));
            at = (right, y);
        }
        let end = (to.x + self.left, end_y);
        pieces.push(curve(at, end));
        Some(Path {
            pieces,
            lock: (end.0 - 20.0, end_y),
            from_behind: false,
        })
    }

    /// A lock on a link: closed, closed but hollow, or open.
    fn lock(&mut self, of: LinkState, (x, y): (f64, f64)) {
        let (shackle, body) = match of {
            LinkState::Protected => ("M-2.6 -.8v-1.8a2.6 2.6 0 0 1 5.2 0v1.8", "fprotected"),
            LinkState::Optional => ("M-2.6 -.8v-1.8a2.6 2.6 0 0 1 5.2 0v1.8", "hollow"),
            LinkState::Open => ("M-2.6 -.8v-2.4a2.6 2.6 0 0 1 5 -.9", "fopen"),
            LinkState::Relation | LinkState::Sweeping => return,
        };
        let class = state(of);
        self.put(&format!(
            "<g transform=\"translate({x:.1} {y:.1})\"><circle class=\"disc {class}\" r=\"8\"/>\
             <path class=\"link lock {class}\" d=\"{shackle}\"/>\
             <rect class=\"lock {class} {body}\" x=\"-3.8\" y=\"-.8\" width=\"7.6\" height=\"5\" rx=\"1\"/></g>"
        ));
    }

    fn node(&mut self, node: &SceneNode, place: &Rectangle) {
        let (x, y) = (place.x + self.left, place.y + self.top);
        let class = match node.shape {
            Shape::Actor => "actor",
            Shape::Entry => "entry",
            Shape::Workload => "",
            Shape::Dataset => "dataset",
            Shape::Identity => "identity",
            Shape::Role | Shape::Pipeline => "role",
        };
        let alarm = if node.alarming { " alarm" } else { "" };
        let round = match node.shape {
            Shape::Actor | Shape::Identity => 24,
            Shape::Dataset => 14,
            Shape::Entry | Shape::Workload | Shape::Role | Shape::Pipeline => 7,
        };
        self.put(&format!("<g><title>{}</title>", escaped(&node.id)));
        self.put(&format!(
            "<rect class=\"node {class}{alarm}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"{round}\"/>",
            place.width, place.height
        ));
        self.label(&node.label, (x + 14.0, y + 22.0));
        self.write("nd", x + 14.0, y + 37.0, &shortened(&node.detail, 29));
        if node.alarming && node.shape == Shape::Workload {
            self.pill("exposed", (x + 8.0, y - 8.0));
        }
        self.badges(node, x + place.width, y);
        self.put("</g>");
    }

    /// A long name is drawn smaller rather than past the border.
    fn label(&mut self, label: &str, (x, y): (f64, f64)) {
        let letters = label.chars().count();
        let class = if letters <= EASY_LABEL {
            "nl"
        } else if letters <= LONG_LABEL {
            "nl long"
        } else {
            "nl longest"
        };
        self.write(class, x, y, &shortened(label, MOST_LABEL));
    }

    /// A word in red on the border of a node.
    fn pill(&mut self, word: &str, (x, y): (f64, f64)) {
        self.put(&format!(
            "<rect class=\"badge high\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"56\" height=\"16\" rx=\"8\"/>"
        ));
        self.write("bt", x + 28.0, y + 11.5, word);
    }

    fn badges(&mut self, node: &SceneNode, right: f64, top: f64) {
        let mut x = right - 8.0;
        if node.badges.len() > MOST_BADGES {
            let more = format!("+{}", node.badges.len() - MOST_BADGES);
            self.write("nd", x - 6.0, top - 4.0, &more);
            x -= 18.0;
        }
        for badge in node.badges.iter().take(MOST_BADGES).rev() {
            let class = severity(badge.severity);
            self.put(&format!(
                "<circle class=\"badge {class}\" cx=\"{x:.1}\" cy=\"{top:.1}\" r=\"8.5\"/>"
            ));
            self.write("bt", x, top + 3.5, &badge.pattern.number().to_string());
            x -= 18.0;
        }
    }
}

/// A curve that leaves and arrives level.
fn curve(from: (f64, f64), to: (f64, f64)) -> String {
    let bend = ((to.0 - from.0) / 2.0).clamp(0.0, 130.0);
    format!(
        "M{:.1} {:.1}C{:.1} {:.1} {:.1} {:.1} {:.1} {:.1}",
        from.0,
        from.1,
        from.0 + bend,
        from.1,
        to.0 - bend,
        to.1,
        to.0,
        to.1
    )
}

/// A count as a coordinate.
fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

const fn severity(severity: Severity) -> &'static str {
    severity.word()
}

const fn state(state: LinkState) -> &'static str {
    match state {
        LinkState::Protected => "protected",
        LinkState::Optional => "optional",
        LinkState::Open => "open",
        LinkState::Relation => "relation",
        LinkState::Sweeping => "sweeping",
    }
}

const fn words(state: LinkState) -> &'static str {
    match state {
        LinkState::Protected => "protected",
        LinkState::Optional => "works without protection",
        LinkState::Open => "plain or anonymous",
        LinkState::Relation => "relation",
        LinkState::Sweeping => "everything is granted",
    }
}

fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars()
        .take(most.saturating_sub(1))
        .chain(['…'])
        .collect()
}

fn escaped(text: &str) -> String {
    let plain = text.chars().filter(|letter| !letter.is_control());
    let mut out = String::with_capacity(text.len());
    for letter in plain {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
    }
    out
}
