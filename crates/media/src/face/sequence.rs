//! One face crop per segment of a recording, and what to show where no face was found.
//!
//! ```text
//! segment s, frames f of s, the wanted frame first, then by distance from it (equally near: the earlier):
//!   1  the first of these frames with a face: its face
//!   2  else the wanted frame under the box of the nearest segment that has a face (equally near: the earlier segment)
//!   3  else zeros, mask 0
//! ```
//!
//! Frames come one by one in the order of the recording, segments rising; each segment has one wanted frame (the one that was drawn or its
//! centre) and any number of others. Of several faces the first of the detector counts. A box passes from one segment to another as shares of
//! the picture's width and height. A face without a whole pixel in its picture counts as none.
//!
//! `faces_found` counts the segments of rule 1, `faces_found_wanted` those of them whose wanted frame had the face, `several_faces` the
//! segments of rule 1 whose shown frame had more than one, `mean_score` is the mean over rule 1 (undefined without any). The mask is true for
//! rules 1 and 2. [`Sequence::below_floor`] says whether `faces_found / segments` is too low to score.
//!
//! Memory: of a frame with a face only its crop is kept. A wanted frame without one is copied, made smaller (antialiased bilinear) where its
//! longer side exceeds `keep_longest`, until its segment is settled; so at most one copy per segment, and none once a segment before has a
//! face next to it. A smaller copy gives a slightly softer crop under rule 2, never under rule 1.

use super::crop::{CropSettings, crop, shrunk};
use super::{Face, check_picture};
use crate::{MediaError, Picture};

/// Default longest side of a kept copy, in pixels.
pub const KEEP_LONGEST: usize = 640;

/// Most segments of a [`Collector`].
pub const MOST_SEGMENTS: usize = evenhand_catalog::limits::KEPT_FRAMES.most as usize;

/// A frame on its way into a [`Collector`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Segment, from 0; never falls from one frame to the next.
    pub segment: usize,
    /// Number of the frame in the recording; rises within a segment.
    pub frame: u64,
    /// Number of the frame that the segment wants to show.
    pub wanted: u64,
}

/// Where the crop of a segment comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A face in the wanted frame.
    Wanted,
    /// A face in another frame of the segment.
    Neighbour {
        /// Its number.
        frame: u64,
    },
    /// The wanted frame under the box of another segment.
    Borrowed {
        /// That segment.
        segment: usize,
    },
    /// Zeros.
    Empty,
}

/// The crops of a candidate.
#[derive(Debug, Clone, PartialEq)]
pub struct Sequence {
    /// `[segments, side, side, 3]` RGB.
    pub frames: Vec<u8>,
    /// Per segment: whether there is something to see.
    pub mask: Vec<bool>,
    /// Per segment.
    pub origins: Vec<Origin>,
    /// Segments with a face in a frame of their own.
    pub faces_found: usize,
    /// Segments with a face in the wanted frame.
    pub faces_found_wanted: usize,
    /// Segments whose shown frame had more than one face.
    pub several_faces: usize,
    /// Mean score over the segments with a face of their own.
    pub mean_score: Option<f64>,
    /// Pixels per row and column of a crop.
    pub side: usize,
}

impl Sequence {
    /// Why the candidate must not be scored: the share of segments with a face of their own is below the floor (0 to 1). `None`: it may.
    pub fn below_floor(&self, floor: f64) -> Option<String> {
        let segments = self.mask.len();
        (segments == 0 || (self.faces_found as f64) < floor * segments as f64).then(|| {
            let found = self.faces_found;
            format!(
                "a face was found in {found} of {segments} segments, below the floor of {floor}; check that the camera shows the candidate"
            )
        })
    }
}

#[derive(Debug, Clone)]
struct Shown {
    /// Distance from the wanted frame, then the number: the order of rule 1.
    rank: (u64, u64),
    crop: Vec<u8>,
    /// Left, top, right, bottom as shares of width and height.
    shares: [f32; 4],
    score: f32,
    faces: usize,
    origin: Origin,
}

#[derive(Debug, Clone, Default)]
struct Segment {
    shown: Option<Shown>,
    /// The wanted frame while no face is known.
    kept: Option<Picture>,
    borrowed: Option<(usize, Vec<u8>)>,
}

/// Takes frames one by one and gives a [`Sequence`].
#[derive(Debug, Clone)]
pub struct Collector {
    settings: CropSettings,
    keep_longest: usize,
    segments: Vec<Segment>,
    last: Option<Place>,
    /// Segments before this are complete.
    complete: usize,
}

impl Collector {
    /// For a number of segments, 1 to [`MOST_SEGMENTS`].
    pub fn new(segments: usize, settings: CropSettings, keep_longest: usize) -> Result<Self, MediaError> {
        settings.check()?;
        let bad = |setting, value: usize, expected: &str| MediaError::BadSetting {
            setting,
            value: value.to_string(),
            expected: expected.to_owned(),
        };
        if !(1..=MOST_SEGMENTS).contains(&segments) {
            return Err(bad("segments", segments, "a whole number from 1 to 10000"));
        }
        if keep_longest < 16 {
            return Err(bad("keep_longest", keep_longest, "16 pixels or more"));
        }
        Ok(Collector { settings, keep_longest, segments: vec![Segment::default(); segments], last: None, complete: 0 })
    }

    /// Whether a face in this frame would be shown. Where not, the frame needs no detection and no [`push`](Self::push).
    pub fn needs(&self, place: Place) -> bool {
        let shown = self.segments.get(place.segment).and_then(|segment| segment.shown.as_ref());
        shown.is_none_or(|shown| rank(place) < shown.rank)
    }

    /// Takes the next frame with the faces found in it.
    pub fn push(&mut self, place: Place, picture: &Picture, faces: &[Face]) -> Result<(), MediaError> {
        check_picture(picture)?;
        let ordered = self.last.is_none_or(|last| {
            place.segment > last.segment || place.segment == last.segment && place.frame > last.frame && place.wanted == last.wanted
        });
        if place.segment >= self.segments.len() || !ordered {
            return Err(MediaError::BadSetting {
                setting: "segment",
                value: format!("{} with frame {}", place.segment, place.frame),
                expected: format!("below {} and in the order of the recording", self.segments.len()),
            });
        }
        self.last = Some(place);
        // Whatever lies before can get no more frames.
        self.settle(place.segment)?;
        if !self.needs(place) {
            return Ok(());
        }
        let cut = faces.first().map(|face| crop(picture, face.sides(), &self.settings)).transpose()?.flatten();
        let segment = &mut self.segments[place.segment];
        if let (Some(crop), Some(face)) = (cut, faces.first()) {
            let (width, height) = (picture.width as f32, picture.height as f32);
            let origin = if place.frame == place.wanted { Origin::Wanted } else { Origin::Neighbour { frame: place.frame } };
            let shares = [face.left / width, face.top / height, face.right / width, face.bottom / height];
            segment.shown = Some(Shown { rank: rank(place), crop, shares, score: face.score, faces: faces.len(), origin });
            segment.kept = None;
        } else if place.frame == place.wanted && segment.shown.is_none() {
            segment.kept = Some(shrunk(picture, self.keep_longest));
        }
        Ok(())
    }

    /// Settles what is left and gives the crops.
    pub fn finish(mut self) -> Result<Sequence, MediaError> {
        let count = self.segments.len();
        self.settle(count)?;
        let size = self.settings.side * self.settings.side * 3;
        let mut sequence = Sequence {
            frames: Vec::with_capacity(count * size),
            mask: Vec::with_capacity(count),
            origins: Vec::with_capacity(count),
            faces_found: 0,
            faces_found_wanted: 0,
            several_faces: 0,
            mean_score: None,
            side: self.settings.side,
        };
        let mut score = 0.0;
        for segment in self.segments {
            let origin = if let Some(shown) = segment.shown {
                sequence.frames.extend_from_slice(&shown.crop);
                sequence.faces_found += 1;
                sequence.faces_found_wanted += usize::from(shown.origin == Origin::Wanted);
                sequence.several_faces += usize::from(shown.faces > 1);
                score += f64::from(shown.score);
                shown.origin
            } else if let Some((from, crop)) = segment.borrowed {
                sequence.frames.extend_from_slice(&crop);
                Origin::Borrowed { segment: from }
            } else {
                sequence.frames.resize(sequence.frames.len() + size, 0);
                Origin::Empty
            };
            sequence.mask.push(origin != Origin::Empty);
            sequence.origins.push(origin);
        }
        sequence.mean_score = (sequence.faces_found > 0).then(|| score / sequence.faces_found as f64);
        Ok(sequence)
    }

    /// Gives boxes to the kept frames whose nearest segment with a face is certain when all segments before `complete` are.
    fn settle(&mut self, complete: usize) -> Result<(), MediaError> {
        if complete == self.complete {
            return Ok(());
        }
        self.complete = complete;
        for at in 0..complete {
            if self.segments[at].kept.is_none() {
                continue;
            }
            // A face at distance d before is nearest once the segments less than d behind are complete; one behind, once it is complete.
            let certain = (1..self.segments.len()).find_map(|distance| {
                let has_face = |segment: &usize| self.segments.get(*segment).is_some_and(|segment| segment.shown.is_some());
                let before = at.checked_sub(distance).filter(has_face);
                let behind = Some(at + distance).filter(has_face);
                let known = at + distance < complete || complete == self.segments.len();
                match (before, behind) {
                    (Some(before), _) => Some(Some(before)),
                    (None, Some(behind)) if known => Some(Some(behind)),
                    _ if known => None,
                    _ => Some(None),
                }
            });
            let Some(from) = certain.flatten() else { continue };
            let (Some(kept), Some(shown)) = (self.segments[at].kept.take(), &self.segments[from].shown) else { continue };
            let (width, height) = (kept.width as f32, kept.height as f32);
            let [left, top, right, bottom] = shown.shares;
            let cut = crop(&kept, [left * width, top * height, right * width, bottom * height], &self.settings)?;
            self.segments[at].borrowed = cut.map(|crop| (from, crop));
        }
        Ok(())
    }

    #[cfg(test)]
    fn copies(&self) -> usize {
        self.segments.iter().filter(|segment| segment.kept.is_some()).count()
    }
}

fn rank(place: Place) -> (u64, u64) {
    (place.frame.abs_diff(place.wanted), place.frame)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: CropSettings = CropSettings { side: 4, margin: 0.0, squared: false };

    /// Left half `left`, right half `right`, 16 x 8 pixels.
    fn halves(left: u8, right: u8) -> Picture {
        let row: Vec<u8> = [[left; 24], [right; 24]].concat();
        Picture::new(16, 8, row.repeat(8)).unwrap()
    }

    fn left_half() -> Face {
        Face::without_landmarks([0.0, 0.0, 8.0, 8.0], 0.8)
    }

    fn right_half() -> Face {
        Face::without_landmarks([8.0, 0.0, 16.0, 8.0], 1.0)
    }

    fn place(segment: usize, frame: u64, wanted: u64) -> Place {
        Place { segment, frame, wanted }
    }

    fn shades(sequence: &Sequence) -> Vec<u8> {
        sequence
            .frames
            .chunks_exact(48)
            .map(|crop| {
                assert!(crop.iter().all(|&value| value == crop[0]), "one half only");
                crop[0]
            })
            .collect()
    }

    #[test]
    fn the_wanted_frame_then_its_neighbours_then_the_nearest_segment() {
        let mut collector = Collector::new(6, SETTINGS, 640).unwrap();
        // Segment 0: nothing found. Segment 1: the wanted frame has a face on the left.
        collector.push(place(0, 1, 1), &halves(10, 11), &[]).unwrap();
        collector.push(place(1, 10, 11), &halves(20, 21), &[right_half()]).unwrap();
        assert!(collector.needs(place(1, 11, 11)) && !collector.needs(place(1, 12, 11)));
        collector.push(place(1, 11, 11), &halves(22, 23), &[left_half(), right_half()]).unwrap();
        // Segment 2: two neighbours equally far; the earlier stays, the far one before is replaced.
        collector.push(place(2, 20, 22), &halves(30, 31), &[left_half()]).unwrap();
        collector.push(place(2, 21, 22), &halves(32, 33), &[right_half()]).unwrap();
        collector.push(place(2, 22, 22), &halves(34, 35), &[]).unwrap();
        collector.push(place(2, 23, 22), &halves(36, 37), &[left_half()]).unwrap();
        // Segments 3 and 4: none; the earlier of two equally near boxes is not known for 4, which is nearer to 5.
        collector.push(place(3, 31, 31), &halves(40, 41), &[]).unwrap();
        collector.push(place(4, 41, 41), &halves(50, 51), &[]).unwrap();
        collector.push(place(5, 51, 51), &halves(60, 61), &[left_half()]).unwrap();
        let sequence = collector.finish().unwrap();
        assert_eq!(
            sequence.origins,
            [
                Origin::Borrowed { segment: 1 },
                Origin::Wanted,
                Origin::Neighbour { frame: 21 },
                Origin::Borrowed { segment: 2 },
                Origin::Borrowed { segment: 5 },
                Origin::Wanted
            ]
        );
        assert_eq!(shades(&sequence), [10, 22, 33, 41, 50, 60]);
        assert_eq!(sequence.mask, [true; 6]);
        assert_eq!((sequence.faces_found, sequence.faces_found_wanted, sequence.several_faces), (3, 2, 1));
        assert!((sequence.mean_score.unwrap() - 2.6 / 3.0).abs() < 1e-6);
        assert_eq!(sequence.below_floor(0.5), None);
        assert!(sequence.below_floor(0.6).unwrap().starts_with("a face was found in 3 of 6 segments, below the floor of 0.6;"));
    }

    #[test]
    fn of_two_equally_near_segments_the_earlier_lends_its_box() {
        let mut collector = Collector::new(3, SETTINGS, 640).unwrap();
        collector.push(place(0, 1, 1), &halves(1, 2), &[right_half()]).unwrap();
        collector.push(place(1, 2, 2), &halves(3, 4), &[]).unwrap();
        collector.push(place(2, 3, 3), &halves(5, 6), &[left_half()]).unwrap();
        // The copy went as soon as the third segment began.
        assert_eq!(collector.copies(), 0);
        let sequence = collector.finish().unwrap();
        assert_eq!((shades(&sequence), sequence.origins[1]), (vec![2, 4, 5], Origin::Borrowed { segment: 0 }));
    }

    #[test]
    fn without_any_face_there_are_zeros_and_no_mean() {
        let mut collector = Collector::new(3, SETTINGS, 640).unwrap();
        collector.push(place(0, 1, 1), &halves(9, 9), &[]).unwrap();
        // A box beyond the border counts as none; segment 2 has no frame at all.
        let outside = Face::without_landmarks([20.0, 0.0, 30.0, 8.0], 1.0);
        collector.push(place(1, 2, 2), &halves(9, 9), &[outside]).unwrap();
        assert_eq!(collector.copies(), 2);
        let sequence = collector.finish().unwrap();
        assert_eq!((sequence.mask.clone(), sequence.faces_found, sequence.mean_score), (vec![false; 3], 0, None));
        assert_eq!(sequence.frames, [0; 144]);
        assert!(sequence.below_floor(0.1).is_some());
        assert_eq!(sequence.below_floor(0.0), None);
    }

    #[test]
    fn every_pattern_equals_the_rule_applied_to_all_frames_at_once() {
        const COUNT: usize = 7;
        for pattern in 0_u32..1 << COUNT {
            let found = |segment: usize| pattern >> segment & 1 == 1;
            let mut collector = Collector::new(COUNT, SETTINGS, 640).unwrap();
            for segment in 0..COUNT {
                let faces = if found(segment) { vec![left_half()] } else { vec![] };
                collector.push(place(segment, segment as u64, segment as u64), &halves(segment as u8 + 1, 99), &faces).unwrap();
            }
            let sequence = collector.finish().unwrap();
            for (segment, origin) in sequence.origins.iter().enumerate() {
                let nearest = (0..COUNT).filter(|&other| found(other)).min_by_key(|other| (other.abs_diff(segment), *other));
                let expected = match nearest {
                    _ if found(segment) => Origin::Wanted,
                    Some(segment) => Origin::Borrowed { segment },
                    None => Origin::Empty,
                };
                assert_eq!(*origin, expected, "{pattern:b}, segment {segment}");
            }
        }
    }

    #[test]
    fn a_large_kept_frame_is_shrunk_and_the_box_with_it() {
        let large = |left: u8, right: u8| {
            let row: Vec<u8> = [vec![left; 300], vec![right; 300]].concat();
            Picture::new(200, 40, row.repeat(40)).unwrap()
        };
        let mut collector = Collector::new(2, SETTINGS, 50).unwrap();
        collector.push(place(0, 1, 1), &large(1, 2), &[]).unwrap();
        let kept = collector.segments[0].kept.as_ref().unwrap();
        assert_eq!((kept.width, kept.height), (50, 10));
        collector.push(place(1, 2, 2), &large(3, 4), &[Face::without_landmarks([104.0, 0.0, 200.0, 40.0], 1.0)]).unwrap();
        assert_eq!(shades(&collector.finish().unwrap()), [2, 4]);
    }

    #[test]
    fn frames_out_of_order_are_refused() {
        let mut collector = Collector::new(2, SETTINGS, 640).unwrap();
        collector.push(place(1, 5, 5), &halves(1, 2), &[]).unwrap();
        for wrong in [place(0, 6, 6), place(1, 5, 5), place(1, 4, 5), place(2, 9, 9), place(1, 6, 7)] {
            assert!(collector.push(wrong, &halves(1, 2), &[]).is_err());
        }
        assert!(Collector::new(0, SETTINGS, 640).is_err() && Collector::new(3, SETTINGS, 2).is_err());
    }
}
