//! How far the distributions of a draw lie from those that were drawn from, as far as the disparities depend on it.
//!
//! ```text
//! e_g = sqrt(m / (m - 1)) (F*_g - F_g)                 error of a group; m rows that it rests on
//! e = e_a - e_b                                        error of a pair
//! e = (W e_g - sum_h w_h e_h) / (W - w_g)              error of a group against the rest
//! area:      integral over t of  s e  where the sign s of theta is sure,  |e|  elsewhere                 bound upwards
//!            |integral of e|                                                                           bound downwards
//! largest:   the same, the largest over those t at which theta may be largest, in the place of the integral
//! ```
//!
//! F* is a draw of the rows of F; the factor makes up for a draw's variance being that of m rows about their own mean. Of the standardised distance the spread
//! of both groups is drawn, too.
//!
//! A sign is sure where theta lies more than [`SURE`] standard errors from 0. Downwards, the area is a linear functional of theta with the signs of theta
//! as weights; as errors at different scores never pull against each other (the covariance of F(s) and F(t) is min - product, at least 0), none of these
//! functionals varies more than that with one sign everywhere, the difference of the means.

use super::drawn::{Moments, Shape};
use crate::largest::one_sided;
use crate::proportions::{Proportion, newcombe_at};

/// Standard errors from 0 at which a sign is taken to be known.
const SURE: f64 = 3.0;

/// Where the distributions of a family of disparities are read: along the scores, for each stretch of the labels.
#[derive(Debug, Clone)]
pub(crate) struct Ruler {
    /// How far it is from each place to the next; 0 after the last.
    pub(crate) steps: Vec<f64>,
    /// How much each stretch counts.
    pub(crate) heights: Vec<f64>,
    /// Whether a stretch counts although a group has no rows there.
    pub(crate) empty_counts: bool,
}

/// What one draw of all groups gives.
#[derive(Debug, Clone)]
pub(crate) struct Profiles {
    /// For each group and stretch the distribution function at the places.
    pub(crate) values: Vec<f64>,
    /// Weight behind each group and stretch.
    pub(crate) weights: Vec<f64>,
    /// Weight, mean and variance of each group's scores, where a disparity reads them.
    pub(crate) moments: Vec<Moments>,
}

/// What draws are compared with.
#[derive(Debug)]
pub(super) struct Centre<'a> {
    pub(super) ruler: &'a Ruler,
    /// What is drawn from.
    pub(super) profiles: Profiles,
    /// Weights of the rows as they are, which say where a group stands at all, by group and stretch.
    pub(super) weights: Vec<f64>,
    /// Rows behind each group and stretch.
    pub(super) rows: Vec<f64>,
}

/// Standard deviation of the scores of several groups together.
fn deviation(moments: &[Moments]) -> f64 {
    moments.iter().fold(Moments::default(), |all, group| all.with(*group)).variance.sqrt()
}

/// Two sides that are compared.
#[derive(Debug, Clone, Copy)]
pub(super) enum Sides {
    Pair(usize, usize),
    Rest(usize),
}

/// How the errors of two sides bear on their disparities.
#[derive(Debug)]
pub(super) struct Contrast {
    sides: Sides,
    /// Of the area at each stretch and place: weight of the error with its sign, and of its size.
    linear: Vec<f64>,
    absolute: Vec<f64>,
    /// How much of the area each stretch is.
    heights: Vec<f64>,
    /// Of a group against the rest how much farther it is from the rest than from all, by stretch: W / (W - w).
    factors: Vec<f64>,
    /// Signs at the places where the largest difference may lie, 0 elsewhere; and where the sign is open.
    peak: Vec<f64>,
    open: Vec<f64>,
    /// Difference of the distribution functions, its integral and the integral of its size.
    values: Vec<f64>,
    integral: f64,
    area: f64,
    /// The difference in each of them, with its standard error.
    deviations: Vec<f64>,
}

impl Contrast {
    /// 1 where the first side's distribution function lies higher as a whole, so that its mean is lower; else -1.
    pub(super) fn sign(&self) -> f64 {
        if self.integral >= 0.0 { 1.0 } else { -1.0 }
    }
}

impl Centre<'_> {
    fn dimensions(&self) -> (usize, usize) {
        (self.ruler.steps.len(), self.ruler.heights.len())
    }

    fn groups(&self) -> usize {
        self.weights.len() / self.ruler.heights.len()
    }

    fn stands(&self, group: usize, stretch: usize) -> bool {
        self.ruler.empty_counts || self.weights[group * self.ruler.heights.len() + stretch] > 0.0
    }

    /// Weights of the groups in the difference of two sides, in one stretch; `None` where a side does not stand.
    fn coefficients(&self, sides: Sides, stretch: usize) -> Option<Vec<(usize, f64)>> {
        match sides {
            Sides::Pair(a, b) => (self.stands(a, stretch) && self.stands(b, stretch)).then(|| vec![(a, 1.0), (b, -1.0)]),
            Sides::Rest(own) => {
                let count = self.ruler.heights.len();
                let weight = |group: usize| self.weights[group * count + stretch];
                let others = || (0..self.groups()).filter(|group| *group != own);
                let rest: f64 = others().map(weight).sum();
                (self.stands(own, stretch) && rest > 0.0)
                    .then(|| std::iter::once((own, 1.0)).chain(others().map(|group| (group, -weight(group) / rest))).collect())
            }
        }
    }

    fn at(&self, group: usize, stretch: usize) -> &[f64] {
        let (places, count) = self.dimensions();
        let first = (group * count + stretch) * places;
        &self.profiles.values[first..first + places]
    }

    pub(super) fn contrast(&self, sides: Sides) -> Contrast {
        let (places, count) = self.dimensions();
        let (mut values, mut deviations) = (vec![0.0; places * count], vec![0.0; places * count]);
        let mut heights = vec![0.0; count];
        let mut factors = vec![0.0; count];
        for (stretch, height) in heights.iter_mut().enumerate() {
            let Some(coefficients) = self.coefficients(sides, stretch) else { continue };
            *height = self.ruler.heights[stretch];
            if let Sides::Rest(own) = sides {
                let all: f64 = (0..self.groups()).map(|group| self.weights[group * count + stretch]).sum();
                factors[stretch] = all / (all - self.weights[own * count + stretch]);
            }
            let here = stretch * places..(stretch + 1) * places;
            for (group, weight) in coefficients {
                let rows = self.rows[group * count + stretch].max(2.0);
                let both = values[here.clone()].iter_mut().zip(&mut deviations[here.clone()]).zip(self.at(group, stretch));
                for ((value, variance), share) in both {
                    *value += weight * share;
                    *variance += weight * weight * (share * (1.0 - share)).max(0.0) / (rows - 1.0);
                }
            }
        }
        for variance in &mut deviations {
            *variance = variance.sqrt();
        }
        let measure: f64 = heights.iter().sum();
        for height in &mut heights {
            *height /= measure;
        }
        let (mut linear, mut absolute) = (vec![0.0; values.len()], vec![0.0; values.len()]);
        let (mut integral, mut area) = (0.0, 0.0);
        for (place, (value, deviation)) in values.iter().zip(&deviations).enumerate() {
            let width = self.ruler.steps[place % places] * heights[place / places];
            integral += width * value;
            area += width * value.abs();
            if value.abs() > SURE * deviation {
                linear[place] = width * value.signum();
            } else {
                absolute[place] = width;
            }
        }
        let floor = values.iter().zip(&deviations).map(|(value, deviation)| value.abs() - SURE * deviation).fold(0.0, f64::max);
        let (mut peak, mut open) = (vec![0.0; places], vec![0.0; places]);
        for place in 0..places {
            let (size, off) = (values[place].abs(), SURE * deviations[place]);
            if size + off >= floor {
                (peak[place], open[place]) = if size > off { (values[place].signum(), 0.0) } else { (0.0, 1.0) };
            }
        }
        Contrast { sides, linear, absolute, heights, factors, peak, open, values, integral, area, deviations }
    }

    /// How much higher than observed the largest difference of two distribution functions may lie: at one place or another, by Newcombe's limits there.
    pub(super) fn above_largest(&self, contrast: &Contrast, outside: f64) -> f64 {
        let places = self.ruler.steps.len();
        let z = one_sided(1, outside);
        let candidates = (0..places).filter(|&place| contrast.peak[place] != 0.0 || contrast.open[place] != 0.0);
        let observed = contrast.values[..places].iter().map(|value| value.abs()).fold(0.0, f64::max);
        let highest = candidates.map(|place| match contrast.sides {
            Sides::Pair(a, b) => {
                let side = |group: usize| {
                    let n = self.rows[group * self.ruler.heights.len()];
                    Proportion { hits: self.at(group, 0)[place].clamp(0.0, 1.0) * n, n }
                };
                newcombe_at(side(a), side(b), z).map_or(1.0, |(low, high)| high.max(-low))
            }
            Sides::Rest(_) => contrast.values[place].abs() + z * contrast.deviations[place],
        });
        (highest.fold(0.0, f64::max) - observed).max(0.0)
    }
}

/// The errors of all groups in one draw.
#[derive(Debug)]
pub(super) struct Errors<'a> {
    centre: &'a Centre<'a>,
    off: Vec<f64>,
    means: Vec<f64>,
    drawn: Vec<Moments>,
    /// Standard deviation of all scores of the draw, and of what was drawn from.
    deviations: [f64; 2],
    /// What all groups together are off, and so their mean; empty for two groups.
    pooled: Vec<f64>,
    pooled_mean: f64,
}

/// What a draw says of one disparity: a bound of how much too large it is, and the functional whose spread says how much too small it may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Off {
    pub(super) up: f64,
    pub(super) down: f64,
}

impl<'a> Errors<'a> {
    pub(super) fn new(centre: &'a Centre<'a>, mut drawn: Profiles) -> Self {
        let (places, count) = centre.dimensions();
        let scale = |at: usize| (centre.rows[at].max(2.0) / (centre.rows[at].max(2.0) - 1.0)).sqrt();
        let stretches = drawn.values.chunks_exact_mut(places).zip(centre.profiles.values.chunks_exact(places));
        for (at, (values, centres)) in stretches.enumerate() {
            // A draw without rows there says nothing of how far it is off.
            let scale = if drawn.weights[at] > 0.0 || centre.ruler.empty_counts { scale(at) } else { 0.0 };
            for (value, centre) in values.iter_mut().zip(centres) {
                *value = scale * (*value - centre);
            }
        }
        let means = drawn.moments.iter().zip(&centre.profiles.moments).enumerate();
        let means = means.map(|(group, (drawn, centre))| scale(group * count) * (drawn.mean - centre.mean)).collect();
        let deviations = [&drawn.moments, &centre.profiles.moments].map(|moments| deviation(moments));
        let (off, drawn) = (drawn.values, drawn.moments);
        let mut errors = Errors { centre, off, means, drawn, deviations, pooled: Vec::new(), pooled_mean: 0.0 };
        if centre.groups() > 2 {
            errors.pool();
        }
        errors
    }

    fn pool(&mut self) {
        let ((places, count), groups) = (self.centre.dimensions(), self.centre.groups());
        let mut pooled = vec![0.0; places * count];
        for (stretch, pooled) in pooled.chunks_exact_mut(places).enumerate() {
            let weight = |group: usize| self.centre.weights[group * count + stretch];
            let all: f64 = (0..groups).map(weight).sum();
            for group in (0..groups).filter(|group| weight(*group) > 0.0) {
                let share = weight(group) / all;
                let own = &self.of(group)[stretch * places..(stretch + 1) * places];
                pooled.iter_mut().zip(own).for_each(|(sum, off)| *sum += share * off);
            }
        }
        let weight = |group: usize| self.centre.weights[group * count];
        let all: f64 = (0..self.means.len()).map(weight).sum();
        self.pooled_mean = self.means.iter().enumerate().map(|(group, mean)| weight(group) / all * mean).sum();
        self.pooled = pooled;
    }

    fn of(&self, group: usize) -> &[f64] {
        let (places, count) = self.centre.dimensions();
        &self.off[group * places * count..(group + 1) * places * count]
    }

    /// The error of the difference of two sides, at each stretch and place.
    fn difference(&self, contrast: &Contrast) -> Vec<f64> {
        let places = self.centre.ruler.steps.len();
        match contrast.sides {
            Sides::Pair(a, b) => self.of(a).iter().zip(self.of(b)).map(|(a, b)| a - b).collect(),
            Sides::Rest(own) => {
                let stretches = self.of(own).chunks_exact(places).zip(self.pooled.chunks_exact(places)).zip(&contrast.factors);
                stretches.flat_map(|((own, all), factor)| own.iter().zip(all).map(move |(own, all)| factor * (own - all))).collect()
            }
        }
    }

    /// How the draw bears on each of the shapes.
    pub(super) fn of_sides(&self, contrast: &Contrast, shapes: &[Shape]) -> Vec<Off> {
        let steps = &self.centre.ruler.steps;
        let places = steps.len();
        let off = self.difference(contrast);
        let (mut up, mut down) = (0.0, 0.0);
        for (stretch, height) in contrast.heights.iter().enumerate().filter(|(_, height)| **height > 0.0) {
            let here = stretch * places..(stretch + 1) * places;
            up += bound(&contrast.linear[here.clone()], &contrast.absolute[here.clone()], &off[here.clone()]);
            down += height * steps.iter().zip(&off[here]).map(|(step, off)| step * off).sum::<f64>();
        }
        let of = |shape: &Shape| match shape {
            Shape::Area => Off { up, down },
            Shape::Largest => {
                let at = |((peak, open), off): ((&f64, &f64), &f64)| peak * off + open * off.abs();
                let up = contrast.peak.iter().zip(&contrast.open).zip(&off).map(at).fold(0.0, |most, up| if up > most { up } else { most });
                Off { up, down: f64::NAN }
            }
            Shape::Means => {
                let signed = match contrast.sides {
                    Sides::Pair(a, b) => self.means[a] - self.means[b],
                    Sides::Rest(own) => contrast.factors[0] * (self.means[own] - self.pooled_mean),
                };
                Off { up: signed, down: signed }
            }
            Shape::StandardisedArea => {
                let [drawn, centre] = match contrast.sides {
                    Sides::Pair(a, b) => {
                        [&self.drawn, &self.centre.profiles.moments].map(|moments| moments[a].with(moments[b]).variance.sqrt())
                    }
                    Sides::Rest(_) => self.deviations,
                };
                let (scale, turned) = (1.0 / drawn, 1.0 / drawn - 1.0 / centre);
                if !turned.is_finite() {
                    return Off { up: f64::NAN, down: f64::NAN };
                }
                let scaled: Vec<f64> = off.iter().zip(&contrast.values).map(|(off, value)| scale * off + turned * value).collect();
                Off {
                    up: bound(&contrast.linear, &contrast.absolute, &scaled),
                    down: scale * down * contrast.integral.signum() + turned * contrast.area,
                }
            }
        };
        shapes.iter().map(of).collect()
    }

    /// Norm of a group's own error, and its functional, for each of the shapes.
    pub(super) fn alone(&self, group: usize, shapes: &[Shape]) -> Vec<Off> {
        let ruler = self.centre.ruler;
        let places = ruler.steps.len();
        let (mut area, mut integral, mut measure) = (0.0, 0.0, 0.0);
        for (stretch, height) in ruler.heights.iter().enumerate().filter(|(stretch, _)| self.centre.stands(group, *stretch)) {
            let off = &self.of(group)[stretch * places..(stretch + 1) * places];
            area += height * ruler.steps.iter().zip(off).map(|(step, off)| step * off.abs()).sum::<f64>();
            integral += height * ruler.steps.iter().zip(off).map(|(step, off)| step * off).sum::<f64>();
            measure += height;
        }
        let (area, integral) = (area / measure, integral / measure);
        let of = |shape: &Shape| match shape {
            Shape::Area => Off { up: area, down: integral },
            Shape::Largest => {
                let up = self.of(group).iter().fold(0.0, |most, off| if off.abs() > most { off.abs() } else { most });
                Off { up, down: up }
            }
            Shape::Means => Off { up: self.means[group].abs(), down: self.means[group] },
            // In units of the spread of all groups: that of each pair is not known here.
            Shape::StandardisedArea => Off { up: area / self.deviations[0], down: integral / self.deviations[0] },
        };
        shapes.iter().map(of).collect()
    }
}

/// Sum of the errors, weighted with their sign and by their size; four sums at a time do not wait for each other.
fn bound(linear: &[f64], absolute: &[f64], off: &[f64]) -> f64 {
    let mut sums = [0.0; 4];
    let (linear, absolute, off) = (linear.chunks_exact(4), absolute.chunks_exact(4), off.chunks_exact(4));
    let rests = linear.remainder().iter().zip(absolute.remainder()).zip(off.remainder());
    let tail: f64 = rests.map(|((linear, absolute), off)| linear * off + absolute * off.abs()).sum();
    for ((linear, absolute), off) in linear.zip(absolute).zip(off) {
        for lane in 0..4 {
            sums[lane] += linear[lane] * off[lane] + absolute[lane] * off[lane].abs();
        }
    }
    sums.iter().sum::<f64>() + tail
}
