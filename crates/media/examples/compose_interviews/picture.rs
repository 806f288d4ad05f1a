//! The picture: a face before a plain wall; the picture part of the score sets light and movement.

use std::f64::consts::TAU;

use image::RgbImage;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::score::{Plan, Stream, stream};

/// Mean brightness of every face before the planted light, 0 to 255.
const EXPOSURE: f64 = 118.0;
/// Different shifts of the sensor's noise.
const NOISE_SHIFTS: usize = 4096;

/// How the picture part is seen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Appearance {
    /// Factor on all brightness: 0.62 to 1.14.
    pub(crate) light: f64,
    /// How far the light wavers, as a share of itself: 0.01 to 0.14.
    pub(crate) flicker: f64,
    /// How far the head moves, 0.1 to 1: 1 is 8 % of the picture's width, 13 degrees, and 9 % in size.
    pub(crate) movement: f64,
}

impl Appearance {
    pub(crate) fn new(part: f64) -> Self {
        Self { light: 0.88 + 0.12 * part, flicker: (0.07 - 0.03 * part).max(0.01), movement: (0.5 - 0.2 * part).clamp(0.1, 1.0) }
    }
}

/// Two slow sines.
#[derive(Debug)]
struct Wave {
    amplitude: f64,
    periods: [f64; 2],
    phases: [f64; 2],
}

impl Wave {
    fn new(amplitude: f64, rng: &mut ChaCha8Rng) -> Self {
        Self {
            amplitude,
            periods: [rng.random_range(3.0..6.0), rng.random_range(1.3..2.6)],
            phases: [rng.random_range(0.0..TAU), rng.random_range(0.0..TAU)],
        }
    }

    fn at(&self, time: f64) -> f64 {
        let sine = |place: usize| (TAU * time / self.periods[place] + self.phases[place]).sin();
        self.amplitude * (0.7 * sine(0) + 0.3 * sine(1))
    }
}

/// All that a recording's frames are made of.
#[derive(Debug)]
pub(crate) struct Scene<'a> {
    width: usize,
    height: usize,
    face: &'a RgbImage,
    exposure: f64,
    /// RGB, row after row.
    wall: Vec<u8>,
    noise: Vec<i8>,
    light: f64,
    flicker: Wave,
    across: Wave,
    down: Wave,
    /// Radians.
    roll: Wave,
    growth: Wave,
    centre: (f64, f64),
    /// Height of the face picture in pixels of the frame.
    side: f64,
}

impl<'a> Scene<'a> {
    pub(crate) fn new(plan: &Plan, face: &'a RgbImage, seed: u64, width: u32, height: u32) -> Self {
        let mut rng = stream(seed, Stream::Picture, plan.number);
        let appearance = Appearance::new(plan.parts.picture);
        let (across, down) = (f64::from(width), f64::from(height));
        let side = down.min(across) * rng.random_range(0.60..0.70);
        let centre = (across * rng.random_range(0.44..0.56), down * rng.random_range(0.42..0.48));
        let (width, height) = (width as usize, height as usize);
        let mut wave = |amplitude: f64| Wave::new(amplitude * appearance.movement, &mut rng);
        let (x, y, roll, growth) = (wave(0.08 * across), wave(0.04 * down), wave(13_f64.to_radians()), wave(0.09));
        let flicker = Wave::new(appearance.flicker, &mut rng);
        let wall = wall(width, height, (centre.0, centre.1 + 0.47 * side), side, &mut rng);
        let noise = (0..width * height * 3 + NOISE_SHIFTS).map(|_| rng.random_range(-2..=2)).collect();
        let exposure = (EXPOSURE / mean_brightness(face).max(1.0)).clamp(0.5, 2.0);
        Self {
            width,
            height,
            face,
            exposure,
            wall,
            noise,
            light: appearance.light,
            flicker,
            across: x,
            down: y,
            roll,
            growth,
            centre,
            side,
        }
    }

    /// Draws the frame of a time in seconds: RGB, row after row.
    pub(crate) fn draw(&self, number: usize, time: f64, frame: &mut [u8]) {
        let light = self.light * (1.0 + self.flicker.at(time));
        let table: [u8; 256] = std::array::from_fn(|value| (value as f64 * light).round().clamp(0.0, 255.0) as u8);
        for (pixel, &value) in frame.iter_mut().zip(&self.wall) {
            *pixel = table[usize::from(value)];
        }
        self.draw_face(time, light, frame);
        let shift = number.wrapping_mul(1237) % NOISE_SHIFTS;
        for (pixel, &noise) in frame.iter_mut().zip(&self.noise[shift..]) {
            *pixel = pixel.saturating_add_signed(noise);
        }
    }

    fn draw_face(&self, time: f64, light: f64, frame: &mut [u8]) {
        let side = self.side * (1.0 + self.growth.at(time));
        let centre = (self.centre.0 + self.across.at(time), self.centre.1 + self.down.at(time));
        let (sine, cosine) = self.roll.at(time).sin_cos();
        let gain = self.exposure * light;
        let (columns, rows) = (f64::from(self.face.width()), f64::from(self.face.height()));
        let span = |middle: f64, end: usize| {
            let from = (middle - 0.7 * side).floor().clamp(0.0, end as f64) as usize;
            from..((middle + 0.7 * side).ceil().clamp(0.0, end as f64) as usize)
        };
        for y in span(centre.1, self.height) {
            for x in span(centre.0, self.width) {
                let (dx, dy) = ((x as f64 + 0.5 - centre.0) / side, (y as f64 + 0.5 - centre.1) / side);
                let (u, v) = (cosine * dx + sine * dy, cosine * dy - sine * dx);
                let radius = ((u / 0.5).powi(4) + (v / 0.5).powi(4)).sqrt().sqrt();
                if radius >= 1.0 {
                    continue;
                }
                // The picture fades into the wall over the outer 20 % of a rounded square.
                let edge = ((1.0 - radius) / 0.2).min(1.0);
                let cover = edge * edge * (3.0 - 2.0 * edge);
                let colour = self.sample((u + 0.5) * columns - 0.5, (v + 0.5) * rows - 0.5);
                let place = (y * self.width + x) * 3;
                for (pixel, value) in frame[place..place + 3].iter_mut().zip(colour) {
                    let mixed = f64::from(*pixel) * (1.0 - cover) + value * gain * cover;
                    *pixel = mixed.round().clamp(0.0, 255.0) as u8;
                }
            }
        }
    }

    /// The face's colour at a place between its pixels (bilinear, the edge repeated).
    fn sample(&self, x: f64, y: f64) -> [f64; 3] {
        let (right, bottom) = (self.face.width() - 1, self.face.height() - 1);
        let (x, y) = (x.clamp(0.0, f64::from(right)), y.clamp(0.0, f64::from(bottom)));
        let (left, top) = (x as u32, y as u32);
        let (share_x, share_y) = (x - f64::from(left), y - f64::from(top));
        let pixel = |x: u32, y: u32| self.face.get_pixel(x.min(right), y.min(bottom)).0;
        let corners = [pixel(left, top), pixel(left + 1, top), pixel(left, top + 1), pixel(left + 1, top + 1)];
        std::array::from_fn(|channel| {
            let [a, b, c, d] = corners.map(|corner| f64::from(corner[channel]));
            (a + (b - a) * share_x) * (1.0 - share_y) + (c + (d - c) * share_x) * share_y
        })
    }
}

/// Mean of the picture's middle, where the face is.
fn mean_brightness(face: &RgbImage) -> f64 {
    let (left, top) = (face.width() / 4, face.height() / 4);
    let mut sum = 0.0;
    for y in top..face.height() - top {
        for x in left..face.width() - left {
            let [red, green, blue] = face.get_pixel(x, y).0.map(f64::from);
            sum += 0.299 * red + 0.587 * green + 0.114 * blue;
        }
    }
    sum / f64::from((face.width() - 2 * left) * (face.height() - 2 * top))
}

/// A plain wall with a soft texture and, below the chin, shoulders.
fn wall(width: usize, height: usize, chin: (f64, f64), side: f64, rng: &mut ChaCha8Rng) -> Vec<u8> {
    const ACROSS: usize = 9;
    const DOWN: usize = 7;
    let grey = rng.random_range(95.0..175.0);
    let paint: [f64; 3] = std::array::from_fn(|_| grey + rng.random_range(-18.0..18.0));
    let clothes: [f64; 3] = std::array::from_fn(|_| rng.random_range(25.0..120.0));
    let spots: [[f64; ACROSS]; DOWN] = std::array::from_fn(|_| std::array::from_fn(|_| rng.random_range(-9.0..9.0)));
    let mut wall = Vec::with_capacity(width * height * 3);
    for y in 0..height {
        for x in 0..width {
            let (column, row) = (x as f64 / width as f64 * (ACROSS - 1) as f64, y as f64 / height as f64 * (DOWN - 1) as f64);
            let (left, top) = (column as usize, row as usize);
            let ease = |share: f64| share * share * (3.0 - 2.0 * share);
            let (share_x, share_y) = (ease(column.fract()), ease(row.fract()));
            let upper = spots[top][left] * (1.0 - share_x) + spots[top][left + 1] * share_x;
            let lower = spots[top + 1][left] * (1.0 - share_x) + spots[top + 1][left + 1] * share_x;
            let spot = upper * (1.0 - share_y) + lower * share_y;
            let (dx, dy) = ((x as f64 - chin.0) / (0.95 * side), (y as f64 - chin.1 - 0.52 * side) / (0.55 * side));
            let dressed = dx * dx + dy * dy < 1.0;
            let colour = if dressed { clothes } else { paint };
            wall.extend(colour.map(|value| (value + spot).round().clamp(0.0, 255.0) as u8));
        }
    }
    wall
}
