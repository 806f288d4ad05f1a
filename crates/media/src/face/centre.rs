//! The centre of a picture in place of a detected face.
//!
//! ```text
//! side = share min(width, height);   box = [w/2 - side/2, h/2 - side/2, w/2 + side/2, h/2 + side/2]
//! ```
//!
//! share: part of the shorter side, within (0, 1], default 0.6. Score 1, one box in every picture that has pixels. It needs no weights and
//! is right only for recordings framed that way; a picture without a person gives a box all the same.

use serde_json::json;

use super::{Face, FaceDetector, FrameContext, check_picture};
use crate::{MediaError, Picture};

/// The centre square.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Centre {
    share: f32,
}

impl Default for Centre {
    fn default() -> Self {
        Centre { share: 0.6 }
    }
}

impl Centre {
    /// A square with this share of the shorter side, within (0, 1].
    pub fn new(share: f32) -> Result<Self, MediaError> {
        if share > 0.0 && share <= 1.0 {
            return Ok(Centre { share });
        }
        Err(MediaError::BadSetting { setting: "share", value: share.to_string(), expected: "a number above 0 and at most 1".to_owned() })
    }
}

impl FaceDetector for Centre {
    fn id(&self) -> &'static str {
        "centre"
    }

    fn settings(&self) -> serde_json::Value {
        json!({ "name": "centre", "share": (f64::from(self.share) * 1e6).round() / 1e6 })
    }

    fn detect(&self, picture: &Picture, _context: &FrameContext<'_>) -> Result<Vec<Face>, MediaError> {
        check_picture(picture)?;
        if picture.pixels.is_empty() {
            return Ok(Vec::new());
        }
        let (x, y) = (picture.width as f32 / 2.0, picture.height as f32 / 2.0);
        let half = self.share * x.min(y);
        Ok(vec![Face::without_landmarks([x - half, y - half, x + half, y + half], 1.0)])
    }
}
