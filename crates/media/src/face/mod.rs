//! Faces in frames: finding them, cutting them out, and one crop per segment of an interview.
//!
//! A [`FaceDetector`] gives the boxes of a picture; [`crop`](crop::crop) cuts one out; [`sequence`] makes the frames of a candidate from the
//! crops of the segments. Which detector, which settings and which weights made a feature file is written down with
//! [`FaceDetector::settings`], because features of different detectors must not be mixed.
//!
//! Boxes locate a face and nothing else: no identity, no attribute and no expression is inferred.

pub mod boxes;
pub mod centre;
pub mod crop;
pub mod mtcnn;
pub mod sequence;
pub mod weights;

use std::fmt::Debug;

use crate::{MediaError, Picture};

pub use boxes::{Boxes, Units};
pub use centre::Centre;
pub use mtcnn::{Mtcnn, MtcnnSettings};

/// A face in a picture; pixels from the upper left corner. Sides may lie beyond the border, but right > left and bottom > top for
/// every box that can be cropped.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Face {
    /// Left side.
    pub left: f32,
    /// Upper side.
    pub top: f32,
    /// Right side.
    pub right: f32,
    /// Lower side.
    pub bottom: f32,
    /// How sure the detector is, 0 to 1.
    pub score: f32,
    /// Left and right eye, nose, left and right corner of the mouth as seen in the picture, x then y; NaN where the detector has none.
    pub landmarks: [[f32; 2]; 5],
}

impl Face {
    /// A box of a detector that finds no landmarks.
    pub fn without_landmarks(sides: [f32; 4], score: f32) -> Self {
        let [left, top, right, bottom] = sides;
        Face { left, top, right, bottom, score, landmarks: [[f32::NAN; 2]; 5] }
    }

    /// Left, top, right, bottom.
    pub fn sides(&self) -> [f32; 4] {
        [self.left, self.top, self.right, self.bottom]
    }
}

/// Where a picture comes from, for detectors that look something up.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct FrameContext<'a> {
    /// The candidate's id.
    pub candidate: &'a str,
    /// Number of the frame in the recording, from 0.
    pub frame: u64,
    /// Presentation time in seconds.
    pub seconds: f64,
    /// Width and height of the recording's own frames where the picture was made smaller; `None`: the picture has the original size.
    pub original: Option<(usize, usize)>,
}

/// Finds faces.
pub trait FaceDetector: Debug + Send + Sync {
    /// Name in recipes and feature files.
    fn id(&self) -> &'static str;

    /// Name, settings, and the sha256 of what was loaded: whatever changes the boxes.
    fn settings(&self) -> serde_json::Value;

    /// The candidates it has something about, where it looks them up; `None` where it looks at the picture.
    fn candidates(&self) -> Option<Vec<&str>> {
        None
    }

    /// The faces of a picture, the one to use first; none is a result.
    fn detect(&self, picture: &Picture, context: &FrameContext<'_>) -> Result<Vec<Face>, MediaError>;
}

/// The fields of a picture can be set apart from each other.
fn check_picture(picture: &Picture) -> Result<(), MediaError> {
    let expected = picture.width.checked_mul(picture.height).and_then(|pixels| pixels.checked_mul(3));
    if expected == Some(picture.pixels.len()) {
        return Ok(());
    }
    Err(MediaError::BadSetting {
        setting: "picture",
        value: format!("{} bytes for {} x {} pixels", picture.pixels.len(), picture.width, picture.height),
        expected: "three bytes per pixel".to_owned(),
    })
}
