//! Which frames stand for a recording.
//!
//! ```text
//! segment i of n over D seconds:  [i D/n, (i + 1) D/n)        i = 0..n
//! draw    k frames of each segment at random, without repetition while the segment has frames left
//! centre  the frame of each segment nearest to (i + 1/2) D/n, the earlier of two
//! an empty segment takes the last frame shown before it (before the first frame of all: that one)
//! ```
//!
//! Times in seconds since the beginning of the recording, ascending; D in seconds, the first segment also takes whatever is earlier
//! and the last whatever is later. n: segments (30 in the paper), k: candidates a segment. Result: positions in the timeline, segment
//! after segment. Undefined, `None`: no frames, no segments, no candidates, a duration that is not positive and finite, or times
//! that are not ascending numbers.
//!
//! Source: Kim et al. 2023 (30 parts, one random frame of each). Its public code cuts the list of frames, not the time, into parts:
//! the same at a constant frame rate, but a recording of varying rate then shows some seconds several times and skips others. It
//! also seeds anew for each clip, so that the same frame is drawn in every epoch, and fails below 30 frames.

use std::ops::Range;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Frames this close before a boundary, in seconds, count as on it: i D/n and a frame's time are rounded differently.
const ROUNDING: f64 = 1e-6;

/// `per_segment` random frames of each segment: `segments * per_segment` positions in the timeline.
pub fn draw(timeline: &[f64], duration: f64, segments: usize, per_segment: usize, rng: &mut ChaCha8Rng) -> Option<Vec<usize>> {
    let parts = parts(timeline, duration, segments)?;
    if per_segment == 0 {
        return None;
    }
    let mut chosen = Vec::with_capacity(segments.saturating_mul(per_segment));
    for part in parts {
        let mut left: Vec<usize> = part.clone().collect();
        for turn in 0..per_segment {
            if turn < part.len() {
                let at = rng.random_range(turn..left.len());
                left.swap(turn, at);
                chosen.push(left[turn]);
            } else {
                chosen.push(rng.random_range(part.clone()));
            }
        }
    }
    Some(chosen)
}

/// The frame nearest to the middle of each segment: the same for every seed, so that one recording always gets one score.
pub fn centre(timeline: &[f64], duration: f64, segments: usize) -> Option<Vec<usize>> {
    let parts = parts(timeline, duration, segments)?;
    let nearest = |(i, part): (usize, Range<usize>)| {
        let middle = (i as f64 + 0.5) * duration / segments as f64;
        let after = part.start + timeline[part.clone()].partition_point(|&time| time < middle);
        match (after > part.start, after < part.end) {
            (true, true) if timeline[after] - middle + ROUNDING < middle - timeline[after - 1] => after,
            (true, _) => after - 1,
            (false, _) => part.start,
        }
    };
    Some(parts.into_iter().enumerate().map(nearest).collect())
}

/// The frames of each segment, never empty.
fn parts(timeline: &[f64], duration: f64, segments: usize) -> Option<Vec<Range<usize>>> {
    let usable = timeline.iter().all(|time| time.is_finite()) && timeline.is_sorted() && duration.is_finite() && duration > 0.0;
    if !usable || timeline.is_empty() || segments == 0 {
        return None;
    }
    let bound = |i: usize| match i {
        0 => 0,
        _ if i == segments => timeline.len(),
        _ => timeline.partition_point(|&time| time < i as f64 * duration / segments as f64 - ROUNDING),
    };
    let part = |i: usize| {
        let (start, end) = (bound(i), bound(i + 1));
        if start < end { start..end } else { start.saturating_sub(1)..start.saturating_sub(1) + 1 }
    };
    Some((0..segments).map(part).collect())
}
