//! The scene with its coordinates, for other programs.

use serde::Serialize;

use crate::layout::Placement;
use crate::scene::Scene;

#[derive(Serialize)]
struct Drawing<'a> {
    scene: &'a Scene,
    placement: &'a Placement,
}

/// Writes JSON with a line break at the end.
pub(crate) fn render(scene: &Scene, placement: &Placement) -> String {
    let drawing = Drawing { scene, placement };
    // A drawing holds texts and finite numbers only, which always serialise.
    serde_json::to_string_pretty(&drawing).map_or_else(|_| String::new(), |text| text + "\n")
}
