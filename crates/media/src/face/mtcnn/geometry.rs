//! Boxes of MTCNN: regression, squares, cuts, and the suppression of overlapping boxes.
//!
//! ```text
//! overlap (union)    i / (area a + area b - i)            areas and i without + 1
//! overlap (smaller)  i / min(area a, area b)              sides counted as right - left + 1
//! ```
//!
//! Coordinates are pixels of the picture, f32 throughout as in facenet-pytorch, whose choices with and without + 1 are kept.

use super::area::Part;

/// A box with its score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scored {
    /// Left, top, right, bottom.
    pub(super) sides: [f32; 4],
    pub(super) score: f32,
}

impl Scored {
    /// Moves each side by a share of the box's width or height, to which `extra` is added.
    pub(super) fn shifted(mut self, shift: [f32; 4], extra: f32) -> Self {
        let [left, top, right, bottom] = self.sides;
        let (width, height) = (right - left + extra, bottom - top + extra);
        for (side, (place, shift)) in self.sides.iter_mut().zip(shift).enumerate() {
            *place += shift * if side % 2 == 0 { width } else { height };
        }
        self
    }

    /// A square with the longer side, centre kept.
    pub(super) fn squared(mut self) -> Self {
        let [left, top, right, bottom] = self.sides;
        let (width, height) = (right - left, bottom - top);
        let side = if width > height { width } else { height };
        let (left, top) = (left + width * 0.5 - side * 0.5, top + height * 0.5 - side * 0.5);
        self.sides = [left, top, left + side, top + side];
        self
    }

    /// The part of the picture under this box: sides cut to whole numbers, the first pixel is number 1. `None` where nothing is left.
    pub(super) fn part(&self, width: usize, height: usize) -> Option<Part> {
        if !self.sides.iter().all(|side| side.is_finite()) {
            return None;
        }
        // A cast of an out-of-range number gives the nearest one.
        let [left, top, right, bottom] = self.sides.map(|side| side as i64);
        let (left, top) = (left.max(1) - 1, top.max(1) - 1);
        let (right, bottom) = (right.min(width as i64), bottom.min(height as i64));
        (right > left && bottom > top).then(|| Part {
            top: top as usize,
            left: left as usize,
            height: (bottom - top) as usize,
            width: (right - left) as usize,
        })
    }

    pub(super) fn area(&self) -> f32 {
        (self.sides[2] - self.sides[0]) * (self.sides[3] - self.sides[1])
    }
}

/// How much of two boxes must be shared for the lower score to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Overlap {
    Union,
    Smaller,
}

/// Places of the boxes that remain, by falling score: each drops those after it that overlap it by more than `limit`.
pub(super) fn suppress(boxes: &[Scored], limit: f64, overlap: Overlap) -> Vec<usize> {
    let mut order: Vec<usize> = (0..boxes.len()).collect();
    match overlap {
        Overlap::Union => order.sort_by(|&a, &b| boxes[b].score.total_cmp(&boxes[a].score)),
        // The reference sorts upwards and takes from the end, so of equal scores the later box goes first.
        Overlap::Smaller => order.sort_by(|&a, &b| boxes[b].score.total_cmp(&boxes[a].score).then(b.cmp(&a))),
    }
    let extra = if overlap == Overlap::Union { 0.0 } else { 1.0 };
    let area = |sides: &[f32; 4]| (sides[2] - sides[0] + extra) * (sides[3] - sides[1] + extra);
    let mut kept: Vec<(usize, [f32; 4], f32)> = Vec::new();
    for place in order {
        let sides = boxes[place].sides;
        let own = area(&sides);
        let covered = kept.iter().any(|(_, other, their)| {
            let width = (sides[2].min(other[2]) - sides[0].max(other[0]) + extra).max(0.0);
            let height = (sides[3].min(other[3]) - sides[1].max(other[1]) + extra).max(0.0);
            let shared = width * height;
            let whole = if overlap == Overlap::Union { their + own - shared } else { their.min(own) };
            f64::from(shared / whole) > limit
        });
        if !covered {
            kept.push((place, sides, own));
        }
    }
    kept.into_iter().map(|(place, ..)| place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scored(sides: [f32; 4], score: f32) -> Scored {
        Scored { sides, score }
    }

    #[test]
    fn shifts_squares_and_parts_by_hand() {
        let one = scored([10.0, 20.0, 30.0, 60.0], 0.9);
        assert_eq!(one.shifted([0.1, 0.1, -0.1, 0.0], 0.0).sides, [12.0, 24.0, 28.0, 60.0]);
        assert_eq!(one.shifted([1.0, 0.0, 0.0, 1.0], 1.0).sides, [31.0, 20.0, 30.0, 101.0]);
        assert_eq!(one.squared().sides, [0.0, 20.0, 40.0, 60.0]);
        assert_eq!(scored([-3.7, 2.9, 8.9, 200.0], 0.0).part(50, 40), Some(Part { top: 1, left: 0, height: 39, width: 8 }));
        // Nothing left: beyond the right border, above the upper one, not a number.
        assert_eq!(scored([60.0, 2.0, 70.0, 20.0], 0.0).part(50, 40), None);
        assert_eq!(scored([1.0, -20.0, 70.0, -2.0], 0.0).part(50, 40), None);
        assert_eq!(scored([f32::NAN, 1.0, 2.0, 3.0], 0.0).part(50, 40), None);
        assert_eq!(scored([1e30, 1.0, 2.0, 3.0], 0.0).part(50, 40), None);
    }

    #[test]
    fn overlapping_boxes_go() {
        // Shares: first and second 50 of 150; the third lies within the first.
        let boxes = [scored([0.0, 0.0, 10.0, 10.0], 0.8), scored([5.0, 0.0, 15.0, 10.0], 0.9), scored([0.0, 0.0, 4.0, 4.0], 0.7)];
        assert_eq!(suppress(&boxes, 0.5, Overlap::Union), [1, 0, 2]);
        assert_eq!(suppress(&boxes, 0.3, Overlap::Union), [1, 2]);
        assert_eq!(suppress(&boxes, 0.7, Overlap::Smaller), [1, 0]);
        // Of equal scores the first stays by union, the last by the smaller area.
        let twins = [scored([0.0, 0.0, 10.0, 10.0], 0.5); 2];
        assert_eq!(suppress(&twins, 0.7, Overlap::Union), [0]);
        assert_eq!(suppress(&twins, 0.7, Overlap::Smaller), [1]);
        assert!(suppress(&[], 0.5, Overlap::Union).is_empty());
    }
}
