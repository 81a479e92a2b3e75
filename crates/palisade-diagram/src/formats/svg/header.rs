//! Around the drawing: the twelve patterns by layer above it, the legend below it.

use palisade_model::{Layer, PatternId, Severity};

use super::{MARGIN, Svg, count, severity};
use crate::scene::{LinkState, Scene};

/// Height of title and patterns.
pub(super) const HEADER: f64 = 252.0;
/// Height of the legend.
pub(super) const LEGEND: f64 = 66.0;
const PADDING: f64 = 8.0;
const PANEL_GAP: f64 = 10.0;
const CHIP_GAP: f64 = 8.0;
const CHIP_HEIGHT: f64 = 36.0;
const PANEL_HEIGHT: f64 = 68.0;
/// Chips in a row, over all its panels.
const PER_ROW: f64 = 6.0;

/// The layers by row; each row holds half of the patterns.
const ROWS: [&[(Layer, &str, &str)]; 2] = [
    &[
        (Layer::FrontDoor, "identity at the front door", "front-door"),
        (Layer::Inside, "mTLS inside", "inside"),
    ],
    &[
        (Layer::Data, "data protected everywhere", "data"),
        (Layer::Telemetry, "telemetry stitched together", "telemetry"),
        (Layer::Delivery, "reviewed delivery", "delivery"),
    ],
];

impl Svg {
    pub(super) fn header(&mut self, scene: &Scene, width: f64) {
        self.write("title", MARGIN, 38.0, &scene.title);
        self.write("sub", MARGIN, 60.0, &scene.question);
        let mut y = 76.0;
        for row in ROWS {
            self.row(scene, row, (y, width));
            y += PANEL_HEIGHT + PANEL_GAP;
        }
    }

    fn row(&mut self, scene: &Scene, row: &[(Layer, &str, &str)], (y, width): (f64, f64)) {
        let panels = count(row.len());
        let gaps = (panels - 1.0) * PANEL_GAP + (PER_ROW - panels) * CHIP_GAP;
        let chip = (width - 2.0 * MARGIN - gaps - panels * 2.0 * PADDING) / PER_ROW;
        let mut x = MARGIN;
        for (layer, words, class) in row {
            let patterns: Vec<PatternId> = PatternId::all()
                .filter(|pattern| pattern.layer() == *layer)
                .collect();
            let chips = count(patterns.len());
            let wide = chips * chip + (chips - 1.0) * CHIP_GAP + 2.0 * PADDING;
            self.put(&format!(
                "<rect class=\"panel {class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{wide:.1}\" height=\"{PANEL_HEIGHT}\" rx=\"9\"/>\
                 <rect class=\"{class}\" x=\"{x:.1}\" y=\"{:.1}\" width=\"4\" height=\"{:.1}\" rx=\"2\"/>",
                y + 8.0,
                PANEL_HEIGHT - 16.0
            ));
            self.write("lt", x + 12.0, y + 17.0, words);
            let mut left = x + PADDING;
            for pattern in patterns {
                self.chip(scene, pattern, (left, y + 25.0, chip));
                left += chip + CHIP_GAP;
            }
            x += wide + PANEL_GAP;
        }
    }

    fn chip(&mut self, scene: &Scene, pattern: PatternId, (x, y, width): (f64, f64, f64)) {
        let status = scene.status(pattern);
        let coverage = scene
            .patterns
            .iter()
            .find(|result| result.pattern == pattern)
            .map(|result| result.coverage)
            .filter(|coverage| coverage.applicable > 0);
        let counts = coverage.map_or_else(
            || status.words().to_owned(),
            |coverage| {
                format!(
                    "{}/{} {} · {}",
                    coverage.guarded,
                    coverage.applicable,
                    pattern.unit_for(coverage.applicable),
                    status.words()
                )
            },
        );
        let class = status.words().replace(' ', "-");
        self.put(&format!(
            "<g><title>{}. {}: {}</title><rect class=\"chip\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{CHIP_HEIGHT}\" rx=\"8\"/>\
             <circle class=\"{class}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"11\"/>",
            pattern.number(),
            pattern.title(),
            pattern.promise(),
            x + 18.0,
            y + 18.0
        ));
        self.write("bt", x + 18.0, y + 21.5, &pattern.number().to_string());
        self.write("ct", x + 36.0, y + 15.0, pattern.title());
        self.write("cc", x + 36.0, y + 29.0, &counts);
        self.put("</g>");
    }

    pub(super) fn legend(&mut self, scene: &Scene, top: f64) {
        let y = top + 18.0;
        let mut x = MARGIN;
        for (state, label) in [
            (
                LinkState::Protected,
                "encrypted and authenticated, or an identity is required",
            ),
            (LinkState::Optional, "works with and without"),
            (LinkState::Open, "plain or anonymous"),
            (LinkState::Relation, "relation"),
            (LinkState::Sweeping, "everything is granted"),
        ] {
            if !scene.links.iter().any(|link| link.state == state) {
                continue;
            }
            let class = super::state(state);
            self.put(&format!(
                "<path class=\"link {class}\" d=\"M{x:.1} {y:.1}h46\" marker-end=\"url(#a{class})\"/>"
            ));
            self.lock(state, (x + 22.0, y));
            self.write("cc", x + 54.0, y + 4.0, label);
            x += 78.0 + 5.9 * count(label.len());
        }
        let y = top + 44.0;
        let mut x = MARGIN;
        for (class, label) in [
            (severity(Severity::Critical), "critical"),
            (severity(Severity::High), "high"),
            (severity(Severity::Medium), "medium"),
            (
                severity(Severity::Low),
                "low: the number of a pattern with a finding there",
            ),
        ] {
            self.put(&format!(
                "<circle class=\"badge {class}\" cx=\"{:.1}\" cy=\"{y:.1}\" r=\"8.5\"/>",
                x + 8.0
            ));
            self.write("bt", x + 8.0, y + 3.5, "n");
            self.write("cc", x + 22.0, y + 4.0, label);
            x += 40.0 + 5.9 * count(label.len());
        }
        self.pill("exposed", (x, y - 8.0));
        self.write(
            "cc",
            x + 62.0,
            y + 4.0,
            "reached from the internet without an identity",
        );
    }
}
