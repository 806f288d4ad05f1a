//! The pictures of the page, one file a kind. A picture is SVG without a legend; the legend is text of the page, so that long
//! names wrap instead of overlapping.

pub(crate) mod area;
pub(crate) mod axis;
pub(crate) mod curve;
pub(crate) mod density;
pub(crate) mod disparity;
pub(crate) mod importance;
pub(crate) mod landscape;
pub(crate) mod latent;
pub(crate) mod pass_rate;
pub(crate) mod rates;
pub(crate) mod scatter;
pub(crate) mod shares;
pub(crate) mod svg;
pub(crate) mod sweep;
pub(crate) mod tilt;

use serde::Serialize;

use axis::Frame;
use svg::{Style, Swatch};

/// A picture with its title, legend and caption.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Figure {
    /// What it shows.
    pub(crate) title: String,
    /// The drawing.
    pub(crate) svg: String,
    /// What its lines and marks mean.
    pub(crate) legend: Vec<LegendEntry>,
    /// What to read from it.
    pub(crate) caption: String,
}

/// One entry of a legend.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct LegendEntry {
    swatch: String,
    label: String,
}

impl From<Figure> for minijinja::Value {
    fn from(figure: Figure) -> Self {
        minijinja::value::Serde(figure).into()
    }
}

impl LegendEntry {
    /// An entry with its small drawing.
    pub(crate) fn new(swatch: Swatch, label: impl Into<String>) -> Self {
        LegendEntry { swatch: swatch.draw(), label: label.into() }
    }
}

/// The style of a group: its place in the attribute's list of groups.
pub(crate) fn style_of(groups: &[String], group: &str) -> Style {
    Style(groups.iter().position(|known| known == group).unwrap_or(groups.len()))
}

/// Width of a picture that stands beside another one.
const WIDTH: f64 = 540.0;

/// The inner rectangle of a picture of this width and height, with room for ticks and titles.
fn frame(width: f64, height: f64) -> Frame {
    Frame { left: 48.0, right: width - 14.0, top: 26.0, bottom: height - 38.0 }
}
