//! Draws the model as a Cloud Security Architecture Diagram: numbered patterns on nested trust zones.
//!
//! Start at [`scene`], which picks what a [`View`] shows, and [`render`], which writes it as SVG,
//! Mermaid, D2 or JSON. The same model gives the same bytes.
//!
//! **Invariant:** it decides nothing about security; colours and badges repeat what the evaluation says.

mod formats;
mod layout;
mod scene;
mod views;

use palisade_analysis::Analysis;
use palisade_model::View;
use palisade_patterns::Evaluation;

pub use crate::scene::{Badge, Link, LinkState, Scene, SceneNode, SceneZone, Shape};

/// What a diagram is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A picture with its own light and dark colours.
    Svg,
    /// Mermaid flowchart.
    Mermaid,
    /// D2.
    D2,
    /// The scene with its coordinates.
    Json,
}

/// Picks what a view shows.
pub fn scene(analysis: &Analysis<'_>, evaluation: &Evaluation, view: View) -> Scene {
    let mut scene = match view {
        View::Microservices => views::microservices::scene(analysis),
        View::ZeroTrust => views::zero_trust::scene(analysis),
        View::Iam => views::iam::scene(analysis),
    };
    scene.apply(evaluation);
    scene
}

/// Writes a scene.
pub fn render(scene: &Scene, format: Format) -> String {
    match format {
        Format::Svg => formats::svg::render(scene, &layout::place(scene)),
        Format::Mermaid => formats::mermaid::render(scene),
        Format::D2 => formats::d2::render(scene),
        Format::Json => formats::json::render(scene, &layout::place(scene)),
    }
}
