//! SVG with its own light and dark colours.

use palisade_model::{Layer, PatternId, Severity};

use crate::layout::{Placement, Rectangle};
use crate::scene::{Link, LinkState, Scene, SceneNode, Shape};

const MARGIN: f64 = 32.0;
const HEADER: f64 = 208.0;
const LEGEND: f64 = 72.0;
const LEAST_WIDTH: f64 = 1280.0;
/// Badges that fit on a node; more are summed up.
const MOST_BADGES: usize = 6;

const STYLE: &str = "\
text{font-family:Inter,'Segoe UI',Helvetica,Arial,sans-serif;fill:#1c2733}\
.page{fill:#f7f9fb}.title{font-size:22px;font-weight:700}.sub{font-size:13px;fill:#5b6b7b}\
.zone{fill:#ffffff;stroke:#b8c4d0;stroke-width:1.5;stroke-dasharray:6 4}.zt{font-size:13px;font-weight:600;fill:#41566b}\
.node{fill:#eef3f8;stroke:#6d8299;stroke-width:1.3}.entry{fill:#e7f0fe;stroke:#2f6fde}.actor{fill:#fdf3e1;stroke:#d08700}\
.dataset{fill:#ede9fb;stroke:#6b4fc8}.identity{fill:#e6f5ef;stroke:#22896a}.role{fill:#f3eef0;stroke:#8a6d77}\
.alarm{stroke:#c62828;stroke-width:2.4}.nl{font-size:13px;font-weight:600}.nd{font-size:10.5px;fill:#5b6b7b}\
.link{fill:none;stroke-width:1.7}.protected{stroke:#2e7d32;stroke-width:2.3}.optional{stroke:#d98200}\
.open{stroke:#c62828;stroke-dasharray:5 4}.relation{stroke:#8fa0b1}\
.ll{font-size:10px;fill:#41566b}.hl{fill:#f7f9fb;opacity:.85}\
.bt{font-size:10px;font-weight:700;fill:#ffffff;text-anchor:middle}\
.critical{fill:#8e1b1b}.high{fill:#c62828}.medium{fill:#d98200}.low{fill:#5b7ea6}\
.chip{fill:#ffffff;stroke:#b8c4d0}.ct{font-size:11px;font-weight:600}.cc{font-size:11px;fill:#5b6b7b}\
.met{fill:#2e7d32}.partial{fill:#d98200}.missing{fill:#c62828}.not-applicable{fill:#9aa8b6}.lt{font-size:11px;font-weight:700;fill:#41566b}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.page{fill:#0f161e}.sub,.nd,.cc{fill:#93a4b5}\
.zone{fill:#151e28;stroke:#3b4b5c}.zt,.ll,.lt{fill:#a9bacb}.node{fill:#1d2935;stroke:#5d738a}.entry{fill:#15294a;stroke:#5b94f5}\
.actor{fill:#3a2c10;stroke:#e0a030}.dataset{fill:#2a2350;stroke:#9d86ee}.identity{fill:#12352a;stroke:#46b78f}.role{fill:#33262b;stroke:#b2909b}\
.alarm{stroke:#ff6b6b}.protected{stroke:#58b85c}.open{stroke:#ff6b6b}.optional{stroke:#f0a83a}.hl{fill:#0f161e}\
.chip{fill:#151e28;stroke:#3b4b5c}.bt{fill:#ffffff}}";

/// Writes the picture.
pub(crate) fn render(scene: &Scene, placement: &Placement) -> String {
    let width = (placement.width + 2.0 * MARGIN).max(LEAST_WIDTH);
    let height = placement.height + HEADER + LEGEND + 2.0 * MARGIN;
    let left = (width - placement.width) / 2.0;
    let mut out = Svg {
        text: String::new(),
        left,
        top: HEADER,
    };
    out.put(&format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
         height=\"{height:.0}\" role=\"img\" aria-label=\"{}\"><style>{STYLE}</style>{MARKERS}\
         <rect class=\"page\" width=\"100%\" height=\"100%\"/>",
        escaped(&scene.title)
    ));
    out.header(scene, width);
    for (zone, place) in scene.zones.iter().zip(&placement.zones) {
        out.zone(&zone.label, place);
    }
    for link in &scene.links {
        out.link(scene, link, placement);
    }
    for (node, place) in scene.nodes.iter().zip(&placement.nodes) {
        out.node(node, place);
    }
    out.legend(height - LEGEND);
    out.put("</svg>");
    out.text
}

const MARKERS: &str = "<defs>\
<marker id=\"aprotected\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"#2e7d32\"/></marker>\
<marker id=\"aoptional\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"#d98200\"/></marker>\
<marker id=\"aopen\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"#c62828\"/></marker>\
<marker id=\"arelation\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"#8fa0b1\"/></marker></defs>";

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

    fn header(&mut self, scene: &Scene, width: f64) {
        self.write("title", MARGIN, 38.0, &scene.title);
        self.write("sub", MARGIN, 58.0, &scene.question);
        let layers = [
            (Layer::FrontDoor, "identity at the front door"),
            (Layer::Inside, "mTLS inside"),
            (Layer::Data, "data protected everywhere"),
            (Layer::Telemetry, "telemetry stitched together"),
            (Layer::Delivery, "reviewed delivery"),
        ];
        let chip = (width - 2.0 * MARGIN - 5.0 * 10.0) / 6.0;
        let ordered = layers.iter().flat_map(|(layer, words)| {
            PatternId::all()
                .filter(move |pattern| pattern.layer() == *layer)
                .map(move |pattern| (pattern, *words))
        });
        let mut before = "";
        for (at, (pattern, layer)) in ordered.enumerate() {
            let column = f64::from(u32::try_from(at % 6).unwrap_or(0));
            let row = f64::from(u32::try_from(at / 6).unwrap_or(0));
            let (x, y) = (MARGIN + column * (chip + 10.0), 88.0 + row * 58.0);
            if layer != before {
                self.write("lt", x, y - 6.0, layer);
                before = layer;
            }
            self.chip(scene, pattern, (x, y, chip));
        }
    }

    fn chip(&mut self, scene: &Scene, pattern: PatternId, (x, y, width): (f64, f64, f64)) {
        let status = scene.status(pattern);
        let coverage = scene
            .patterns
            .iter()
            .find(|result| result.pattern == pattern)
            .map(|result| result.coverage);
        let counts = coverage
            .filter(|coverage| coverage.applicable > 0)
            .map_or_else(
                || status.words().to_owned(),
                |coverage| {
                    format!(
                        "{}/{} {} · {}",
                        coverage.guarded,
                        coverage.applicable,
                        pattern.unit(),
                        status.words()
                    )
                },
            );
        let class = status.words().replace(' ', "-");
        self.put(&format!("<rect class=\"chip\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"36\" rx=\"8\"/>"));
        self.put(&format!(
            "<circle class=\"{class}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"11\"/>",
            x + 18.0,
            y + 18.0
        ));
        self.write("bt", x + 18.0, y + 21.5, &pattern.number().to_string());
        self.write("ct", x + 36.0, y + 15.0, &pattern.slug().replace('-', " "));
        self.write("cc", x + 36.0, y + 29.0, &counts);
    }

    fn zone(&mut self, label: &str, place: &Rectangle) {
        let (x, y) = (place.x + self.left, place.y + self.top);
        self.put(&format!(
            "<rect class=\"zone\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"14\"/>",
            place.width, place.height
        ));
        self.write("zt", x + 16.0, y + 24.0, label);
    }

    fn link(&mut self, scene: &Scene, link: &Link, placement: &Placement) {
        let (Some(from), Some(to)) = (placement.nodes.get(link.from), placement.nodes.get(link.to))
        else {
            return;
        };
        let forward = to.x >= from.x + from.width;
        let (x1, y1) = (
            from.x + from.width + self.left,
            from.y + from.height / 2.0 + self.top,
        );
        let x2 = if forward { to.x } else { to.x + to.width } + self.left;
        let y2 = to.y + to.height / 2.0 + self.top;
        let bend = if forward {
            ((x2 - x1) / 2.0).clamp(24.0, 160.0)
        } else {
            46.0
        };
        let (c1, c2) = (x1 + bend, if forward { x2 - bend } else { x2 + bend });
        let class = state(link.state);
        let names = |at: usize| scene.nodes.get(at).map_or("", |node| node.label.as_str());
        self.put(&format!(
            "<path class=\"link {class}\" d=\"M{x1:.1} {y1:.1}C{c1:.1} {y1:.1} {c2:.1} {y2:.1} {x2:.1} {y2:.1}\" \
             marker-end=\"url(#a{class})\"><title>{} → {} {} ({})</title></path>",
            escaped(names(link.from)),
            escaped(names(link.to)),
            escaped(&link.label),
            words(link.state)
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
        self.write("nl", x + 14.0, y + 21.0, &shortened(&node.label, 21));
        self.write("nd", x + 14.0, y + 37.0, &shortened(&node.detail, 28));
        self.badges(node, x + place.width, y);
        self.put("</g>");
    }

    fn badges(&mut self, node: &SceneNode, right: f64, top: f64) {
        let mut x = right - 8.0;
        if node.badges.len() > MOST_BADGES {
            self.write(
                "nd",
                x - 6.0,
                top - 4.0,
                &format!("+{}", node.badges.len() - MOST_BADGES),
            );
            x -= 18.0;
        }
        for badge in node.badges.iter().take(MOST_BADGES).rev() {
            let class = match badge.severity {
                Severity::Critical => "critical",
                Severity::High => "high",
                Severity::Medium => "medium",
                Severity::Low => "low",
            };
            self.put(&format!(
                "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{top:.1}\" r=\"8.5\"/>"
            ));
            self.write("bt", x, top + 3.5, &badge.pattern.number().to_string());
            x -= 19.0;
        }
    }

    fn legend(&mut self, top: f64) {
        let mut x = MARGIN;
        for (class, label) in [
            ("protected", "protected: mTLS or identity required"),
            ("optional", "works without protection"),
            ("open", "plain or anonymous"),
            ("relation", "relation"),
        ] {
            let y = top + 20.0;
            self.put(&format!("<path class=\"link {class}\" d=\"M{x:.1} {y:.1}h34\" marker-end=\"url(#a{class})\"/>"));
            self.write("cc", x + 42.0, y + 4.0, label);
            x += 62.0 + 6.2 * f64::from(u32::try_from(label.len()).unwrap_or(0));
        }
        x = MARGIN;
        for (class, label) in [
            ("critical", "critical"),
            ("high", "high"),
            ("medium", "medium"),
            ("low", "low: a pattern's number on what has a finding of it"),
        ] {
            let y = top + 44.0;
            self.put(&format!(
                "<circle class=\"{class}\" cx=\"{:.1}\" cy=\"{y:.1}\" r=\"8\"/>",
                x + 8.0
            ));
            self.write("bt", x + 8.0, y + 3.5, "n");
            self.write("cc", x + 22.0, y + 4.0, label);
            x += 40.0 + 6.4 * f64::from(u32::try_from(label.len()).unwrap_or(0));
        }
    }
}

const fn state(state: LinkState) -> &'static str {
    match state {
        LinkState::Protected => "protected",
        LinkState::Optional => "optional",
        LinkState::Open => "open",
        LinkState::Relation => "relation",
    }
}

const fn words(state: LinkState) -> &'static str {
    match state {
        LinkState::Protected => "protected",
        LinkState::Optional => "works without protection",
        LinkState::Open => "plain or anonymous",
        LinkState::Relation => "relation",
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
