//! Boxes on a drawing that must not cover each other.

/// A box, in pixels from the upper left corner of the drawing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Area {
    pub(crate) left: f64,
    pub(crate) right: f64,
    pub(crate) top: f64,
    pub(crate) bottom: f64,
}

impl Area {
    /// The square around a point, half as wide as its side.
    pub(crate) fn around((x, y): (f64, f64), half: f64) -> Self {
        Area { left: x - half, right: x + half, top: y - half, bottom: y + half }
    }

    /// Whether the two share a place.
    pub(crate) fn meets(&self, other: &Area) -> bool {
        self.left < other.right && other.left < self.right && self.top < other.bottom && other.top < self.bottom
    }
}
