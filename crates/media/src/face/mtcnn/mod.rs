//! MTCNN: faces by three networks, each judging what the one before let through.
//!
//! ```text
//! scales    s = 12 / min_face * factor^n while min(h, w) s >= 12; picture pooled to int(h s + 1) x int(w s + 1)
//! P-Net     score >= t1; box floor((2 c + 1) / s) .. floor((2 c + 12) / s); overlap 0.5 per scale, 0.7 over all; shift, square
//! R-Net     24 x 24, score > t2; overlap 0.7; shift (sides + 1), square
//! O-Net     48 x 48, score > t3; landmarks (side + 1) p + corner - 1; shift (sides + 1); overlap 0.7 of the smaller
//! ```
//!
//! c: cell, p: O-Net's share of the box, t: thresholds (0.6, 0.7, 0.7), factor 0.709, min_face: smallest side of a face in pixels, at least
//! 12. Resizing is area pooling also where a crop is enlarged. Boxes are pixels, may reach over the border, and are not square. No face is
//! a result (an empty list); a picture smaller than min_face has none.
//!
//! Source: Zhang et al. 2016, "Joint face detection and alignment using multitask cascaded convolutional networks"; procedure of
//! facenet-pytorch 2.6.0, whose boxes come out (reference/media/mtcnn.py). Differences: a box that lies outside the picture is dropped with its
//! crop (facenet-pytorch drops the crop only and fails on the mismatch), a stage without boxes or a picture without scales ends in no face
//! (facenet-pytorch fails). ipazc/mtcnn orders regression and suppression otherwise and resizes otherwise; its boxes differ by pixels.
//!
//! Default min_face: max(40, a tenth of the shorter side), as interviews show large faces; 20 gives facenet-pytorch's default. The weights
//! are the user's, see [`weights`](super::weights). One call runs on one thread; the result does not depend on how many run at once.

mod area;
mod convolution;
mod geometry;
pub(super) mod networks;

use std::cell::Cell;
use std::path::Path;

use serde_json::json;

use self::area::{AreaSums, Part};
use self::geometry::{Overlap, Scored, suppress};
pub(crate) use self::networks::Arrays;
use self::networks::{CropNet, ProposalNet, Verdict};
use super::weights::Weights;
use super::{Face, FaceDetector, FrameContext};
use crate::{MediaError, Picture};

thread_local! {
    /// Memory of the sums, kept from frame to frame.
    static SUMS: Cell<Vec<u32>> = const { Cell::new(Vec::new()) };
}

/// Crops judged at once: bounds the memory of their features.
const CROPS: usize = 64;

/// Settings of [`Mtcnn`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MtcnnSettings {
    /// Smallest face side in pixels, 12 or more; `None`: max(40, a tenth of the picture's shorter side).
    pub min_face: Option<u32>,
    /// Least scores of the three stages, within (0, 1).
    pub thresholds: [f32; 3],
    /// Ratio of neighbouring scales, within [0.3, 0.95].
    pub factor: f64,
}

impl Default for MtcnnSettings {
    fn default() -> Self {
        MtcnnSettings { min_face: None, thresholds: [0.6, 0.7, 0.7], factor: 0.709 }
    }
}

/// The detector with its weights.
#[derive(Debug, Clone)]
pub struct Mtcnn {
    settings: MtcnnSettings,
    proposal: ProposalNet,
    refine: CropNet,
    output: CropNet,
    sha256: String,
}

impl Mtcnn {
    /// Reads a weights file that [`weights::convert`](super::weights::convert) made; default settings.
    pub fn load(path: &Path) -> Result<Self, MediaError> {
        let weights = Weights::read(path)?;
        Ok(Mtcnn {
            settings: MtcnnSettings::default(),
            proposal: ProposalNet::new(&weights),
            refine: CropNet::refine(&weights),
            output: CropNet::output(&weights),
            sha256: weights.sha256,
        })
    }

    /// The same networks with other settings.
    pub fn with_settings(mut self, settings: MtcnnSettings) -> Result<Self, MediaError> {
        let bad = |setting, value: String, expected: &str| Err(MediaError::BadSetting { setting, value, expected: expected.to_owned() });
        if let Some(min_face) = settings.min_face.filter(|min_face| !(12..=8192).contains(min_face)) {
            return bad("min_face", min_face.to_string(), "a whole number of pixels from 12 to 8192");
        }
        if let Some(threshold) = settings.thresholds.iter().find(|&&threshold| !(threshold > 0.0 && threshold < 1.0)) {
            return bad("thresholds", threshold.to_string(), "three numbers above 0 and below 1");
        }
        if !(0.3..=0.95).contains(&settings.factor) {
            return bad("factor", settings.factor.to_string(), "a number from 0.3 to 0.95");
        }
        self.settings = settings;
        Ok(self)
    }

    /// All faces, the largest first (of equal ones the later found, as facenet-pytorch has it).
    pub fn faces(&self, picture: &Picture) -> Result<Vec<Face>, MediaError> {
        super::check_picture(picture)?;
        if picture.width == 0 || picture.height == 0 {
            return Ok(Vec::new());
        }
        let sums = AreaSums::within(SUMS.take(), picture);
        let proposals = self.propose(picture, &sums);
        let refined = self.refined(picture, &sums, &proposals);
        let mut faces = self.accepted(picture, &sums, &refined);
        SUMS.set(sums.into_memory());
        // Stable and reversed: what sorting upwards and reading from the end gives.
        faces.reverse();
        faces.sort_by(|(a, _), (b, _)| b.area().total_cmp(&a.area()));
        Ok(faces
            .into_iter()
            .map(|(found, landmarks)| {
                let [left, top, right, bottom] = found.sides;
                Face { left, top, right, bottom, score: found.score, landmarks }
            })
            .collect())
    }

    fn min_face(&self, picture: &Picture) -> f64 {
        let shorter = picture.width.min(picture.height) as f64;
        self.settings.min_face.map_or_else(|| (0.1 * shorter).max(40.0), f64::from)
    }

    fn propose(&self, picture: &Picture, sums: &AreaSums) -> Vec<Scored> {
        let whole = Part { top: 0, left: 0, height: picture.height, width: picture.width };
        let mut scale = 12.0 / self.min_face(picture);
        let mut shorter = picture.width.min(picture.height) as f64 * scale;
        let mut found: Vec<(Scored, [f32; 4])> = Vec::new();
        while shorter >= 12.0 {
            let pooled = |side: usize| ((side as f64 * scale + 1.0) as usize).max(12);
            let input = sums.pool(whole, pooled(picture.height), pooled(picture.width));
            let cells = self.proposal.cells(&input, self.settings.thresholds[0]);
            // facenet-pytorch divides in single precision.
            let place = |cell: usize, offset: usize| ((2 * cell + offset) as f32 / scale as f32).floor();
            let boxes: Vec<Scored> = cells
                .iter()
                .map(|cell| Scored {
                    sides: [place(cell.column, 1), place(cell.row, 1), place(cell.column, 12), place(cell.row, 12)],
                    score: cell.score,
                })
                .collect();
            found.extend(suppress(&boxes, 0.5, Overlap::Union).into_iter().map(|kept| (boxes[kept], cells[kept].shift)));
            scale *= self.settings.factor;
            shorter *= self.settings.factor;
        }
        let boxes: Vec<Scored> = found.iter().map(|(found, _)| *found).collect();
        let kept = suppress(&boxes, 0.7, Overlap::Union);
        kept.into_iter().map(|kept| boxes[kept].shifted(found[kept].1, 0.0).squared()).collect()
    }

    fn refined(&self, picture: &Picture, sums: &AreaSums, proposals: &[Scored]) -> Vec<Scored> {
        let judged = judge(&self.refine, picture, sums, proposals, self.settings.thresholds[1]);
        let boxes: Vec<Scored> = judged.iter().map(|(judged, _)| *judged).collect();
        let kept = suppress(&boxes, 0.7, Overlap::Union);
        kept.into_iter().map(|kept| boxes[kept].shifted(judged[kept].1.shift, 1.0).squared()).collect()
    }

    fn accepted(&self, picture: &Picture, sums: &AreaSums, refined: &[Scored]) -> Vec<(Scored, [[f32; 2]; 5])> {
        let faces: Vec<(Scored, [[f32; 2]; 5])> = judge(&self.output, picture, sums, refined, self.settings.thresholds[2])
            .into_iter()
            .map(|(judged, verdict)| {
                let [left, top, right, bottom] = judged.sides;
                let (width, height) = (right - left + 1.0, bottom - top + 1.0);
                let mut landmarks = [[0.0; 2]; 5];
                for (place, landmark) in landmarks.iter_mut().enumerate() {
                    *landmark = [width * verdict.landmarks[place] + left - 1.0, height * verdict.landmarks[5 + place] + top - 1.0];
                }
                (judged.shifted(verdict.shift, 1.0), landmarks)
            })
            // Strange weights can shift a side to infinity.
            .filter(|(found, landmarks)| found.sides.iter().chain(landmarks.as_flattened()).all(|number| number.is_finite()))
            .collect();
        let boxes: Vec<Scored> = faces.iter().map(|(found, _)| *found).collect();
        suppress(&boxes, 0.7, Overlap::Smaller).into_iter().map(|kept| faces[kept]).collect()
    }
}

/// The boxes whose crops score above a threshold, with their new score.
fn judge(net: &CropNet, picture: &Picture, sums: &AreaSums, boxes: &[Scored], threshold: f32) -> Vec<(Scored, Verdict)> {
    let parts: Vec<(Scored, Part)> = boxes.iter().filter_map(|one| Some((*one, one.part(picture.width, picture.height)?))).collect();
    let mut judged = Vec::new();
    for batch in parts.chunks(CROPS) {
        let features: Vec<f32> = batch.iter().flat_map(|(_, part)| net.features(sums.pool(*part, net.side, net.side))).collect();
        for ((one, _), verdict) in batch.iter().zip(net.judge(&features)) {
            if verdict.score > threshold {
                judged.push((Scored { score: verdict.score, ..*one }, verdict));
            }
        }
    }
    judged
}

impl FaceDetector for Mtcnn {
    fn id(&self) -> &'static str {
        "mtcnn"
    }

    fn settings(&self) -> serde_json::Value {
        json!({
            "name": "mtcnn",
            "min_face": self.settings.min_face.map_or_else(|| json!("max(40, shorter side / 10)"), |min_face| json!(min_face)),
            "thresholds": self.settings.thresholds.map(rounded),
            "factor": self.settings.factor,
            "sha256": self.sha256,
        })
    }

    fn detect(&self, picture: &Picture, _context: &FrameContext<'_>) -> Result<Vec<Face>, MediaError> {
        self.faces(picture)
    }
}

/// A threshold as it was written, without the tail of its single-precision value.
fn rounded(threshold: f32) -> f64 {
    (f64::from(threshold) * 1e6).round() / 1e6
}
