//! Which frames stand for a recording.

use evenhand_media::video::segments::{centre, draw};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// Independent of the code under test: the segment a time falls into, in exact arithmetic on milliseconds.
fn segment(milliseconds: u64, duration: u64, segments: u64) -> u64 {
    milliseconds * segments / duration
}

#[test]
fn each_segment_gives_its_own_frames() {
    // 27.04 s at 25 frames a second: no segment boundary of 30 falls on a frame by rule.
    let times: Vec<u64> = (0..676).map(|k| 40 * k).collect();
    let timeline: Vec<f64> = times.iter().map(|&t| t as f64 / 1000.0).collect();
    for seed in 0..50 {
        let chosen = draw(&timeline, 27.04, 30, 4, &mut rng(seed)).unwrap();
        assert_eq!(chosen.len(), 120);
        for (place, &frame) in chosen.iter().enumerate() {
            assert_eq!(segment(times[frame], 27_040, 30), place as u64 / 4);
        }
        for part in chosen.chunks(4) {
            let mut distinct = part.to_vec();
            distinct.sort_unstable();
            distinct.dedup();
            assert_eq!(distinct.len(), 4, "seed {seed}: {part:?}");
        }
    }
}

#[test]
fn at_a_constant_rate_time_segments_are_equal_parts_of_the_list() {
    // 0.04 k and i D/n are rounded differently; frame 10 i must open segment i all the same.
    let timeline: Vec<f64> = (0..300).map(|k| f64::from(k) * 0.04).collect();
    let mut seen = vec![[false; 10]; 30];
    for seed in 0..200 {
        for (i, frame) in draw(&timeline, 300.0 * 0.04, 30, 1, &mut rng(seed)).unwrap().into_iter().enumerate() {
            seen[i][frame.checked_sub(10 * i).unwrap()] = true;
        }
    }
    assert!(seen.iter().all(|part| part.iter().all(|&seen| seen)), "every frame can be drawn");
}

#[test]
fn the_draw_depends_on_the_seed_alone() {
    let timeline: Vec<f64> = (0..300).map(|k| f64::from(k) * 0.04).collect();
    let of = |seed| draw(&timeline, 12.0, 30, 2, &mut rng(seed)).unwrap();
    assert_eq!(of(7), of(7));
    assert_ne!(of(7), of(8));
    let mut running = rng(7);
    let first = draw(&timeline, 12.0, 30, 2, &mut running).unwrap();
    assert_ne!(first, draw(&timeline, 12.0, 30, 2, &mut running).unwrap(), "the next epoch draws others");
}

#[test]
fn an_empty_segment_takes_the_last_frame_shown_before_it() {
    // Frozen between 1 s and 4 s.
    let timeline = [0.0, 0.5, 0.9, 4.1, 4.6];
    assert_eq!(draw(&timeline, 5.0, 5, 1, &mut rng(1)).unwrap()[1..4], [2, 2, 2]);
    assert_eq!(centre(&timeline, 5.0, 5).unwrap(), [1, 2, 2, 2, 4]);
    // Nothing before it: the first frame of all.
    assert_eq!(draw(&[2.0, 2.5], 3.0, 3, 2, &mut rng(1)).unwrap()[..4], [0, 0, 0, 0]);
}

#[test]
fn few_frames_are_repeated() {
    let timeline: Vec<f64> = (0..12).map(|k| f64::from(k) * 0.04).collect();
    let chosen = draw(&timeline, 0.48, 30, 3, &mut rng(3)).unwrap();
    assert_eq!(chosen.len(), 90);
    assert_eq!(chosen[0], 0);
    assert_eq!(chosen[89], 11);
    assert!(chosen.is_sorted());
}

#[test]
fn the_centre_is_the_nearest_frame() {
    let timeline: Vec<f64> = (0..100).map(|k| f64::from(k) * 0.1).collect();
    let nearest = |middle: f64| (0..100).min_by(|&a, &b| (timeline[a] - middle).abs().total_cmp(&(timeline[b] - middle).abs())).unwrap();
    let expected: Vec<usize> = (0..8).map(|i| nearest((f64::from(i) + 0.5) * 10.0 / 8.0)).collect();
    assert_eq!(centre(&timeline, 10.0, 8).unwrap(), expected);
}

#[test]
fn undefined_input_is_refused() {
    for (timeline, duration, segments, each) in [
        (&[][..], 1.0, 30, 1),
        (&[0.0], 1.0, 0, 1),
        (&[0.0], 1.0, 30, 0),
        (&[0.0], 0.0, 30, 1),
        (&[0.0], f64::NAN, 30, 1),
        (&[f64::NAN], 1.0, 30, 1),
        (&[0.5, 0.2], 1.0, 30, 1),
    ] {
        assert_eq!(draw(timeline, duration, segments, each, &mut rng(0)), None, "{timeline:?} {duration} {segments} {each}");
    }
}
