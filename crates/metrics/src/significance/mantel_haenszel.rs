//! Two groups compared within strata, such as jobs, and pooled over them.
//!
//! ```text
//! odds ratio       R/S,   R = sum a d / N,   S = sum b c / N
//!                  var ln = sum P a d / N / (2 R^2) + sum (P b c + Q a d) / N / (2 R S) + sum Q b c / N / (2 S^2),   P = (a + d)/N, Q = (b + c)/N
//! risk ratio       A/C,   A = sum a n2 / N,   C = sum c n1 / N;   var ln = sum (n1 n2 k - a c N) / N^2 / (A C)
//! risk difference  sum (a n2 - c n1) / N / W,   W = sum n1 n2 / N;   var = sum (a b n2^3 + c d n1^3) / (n1 n2 N^2) / W^2
//! test             (|sum (a - n1 k / N)| - h)^2 / sum n1 n2 k (N - k) / (N^2 (N - 1)),   1 degree of freedom, h = 0 or 1/2
//! Breslow-Day      sum (a - e)^2 / v,   e (d - a + e) = OR (n1 - e)(k - e),   1/v = 1/e + 1/(n1 - e) + 1/(k - e) + 1/(d - a + e)
//! Tarone           the same - (sum a - sum e)^2 / sum v;   strata - 1 degrees of freedom both
//! ```
//!
//! In a stratum of N candidates, a of the n1 candidates of the group were selected and b not, c of the n2 of the reference and d not; k = a + c. Sums
//! are over strata. Fair values 1, 1 and 0.
//!
//! A stratum without candidates of both groups enters nothing. One where nobody or everybody was selected says nothing about odds: it adds 0 to every sum
//! of the odds ratio and of the tests and is not counted in their degrees of freedom, but it enters the risk difference and the risk ratio as any
//! other does (a gap of 0 in that stratum). Both kinds are named in the result.
//!
//! Where public code differs, statsmodels' StratifiedTable: it divides by 0 and gives NaN in the test where a stratum has one candidate, in all numbers
//! where one has none, and in Breslow-Day where one says nothing about odds or the pooled odds ratio is exactly 1; it counts all strata as degrees of
//! freedom; it squares |..| - 1/2 where that is below 0, while here it is then 0 (R leaves the correction away instead); it solves for the
//! expected cells by differences, so that Breslow-Day was off by up to 1e-6 of its value in tables of 100,000; and its p-values, 1 minus a
//! distribution function, have no digits below 1e-16.
//!
//! Source: Mantel and Haenszel 1959; Robins, Breslow and Greenland 1986 (variance of the odds ratio); Greenland and Robins 1985 (risk ratio and
//! difference); Breslow and Day 1980, Tarone 1985 (homogeneity).

use super::counted::{comparable, cross_difference, total};
use super::normal::two_sided_quantile;
use super::{ChiSquared, Counted, Measured, Undefined};

/// Two groups in one stratum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stratum {
    /// The group.
    pub group: Counted,
    /// The group that it is compared with.
    pub reference: Counted,
}

/// A stratum that says nothing about odds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Uninformative {
    /// Its place among those given, from 0.
    pub stratum: usize,
    /// An empty group (0 is the group, 1 the reference), nobody selected, or everybody selected.
    pub why: Undefined,
}

/// Two groups compared within strata.
#[derive(Debug, Clone, PartialEq)]
pub struct MantelHaenszel {
    /// Strata given.
    pub strata: usize,
    /// Those that say nothing about odds, in the order given.
    pub uninformative: Vec<Uninformative>,
    /// Common odds ratio, group over reference, with the interval of Robins, Breslow and Greenland.
    pub odds_ratio: Result<Measured, Undefined>,
    /// Common ratio of the rates, with the interval of Greenland and Robins.
    pub risk_ratio: Result<Measured, Undefined>,
    /// Common difference of the rates, group minus reference, with the interval of Greenland and Robins.
    pub risk_difference: Result<Measured, Undefined>,
    /// Cochran-Mantel-Haenszel test that the odds are equal in every stratum, without continuity correction.
    pub test: Result<ChiSquared, Undefined>,
    /// The same with a continuity correction of 1/2.
    pub corrected_test: Result<ChiSquared, Undefined>,
    /// Breslow and Day's test that the odds ratio is the same in all strata.
    pub breslow_day: Result<ChiSquared, Undefined>,
    /// The same with Tarone's adjustment.
    pub tarone: Result<ChiSquared, Undefined>,
}

/// Compares two groups within strata; intervals are at a level such as 0.95. Only a level that is none is an error of the whole.
///
/// ```
/// use evenhand_metrics::significance::{Counted, Stratum, mantel_haenszel};
///
/// let of = |selected, n| Counted::new(selected, n).unwrap();
/// // Equal rates in both jobs, though 42 of 120 against 78 of 120 were selected in all.
/// let strata = [
///     Stratum { group: of(24, 30), reference: of(72, 90) },
///     Stratum { group: of(18, 90), reference: of(6, 30) },
///     Stratum { group: of(0, 4), reference: of(0, 2) },
/// ];
/// let found = mantel_haenszel(&strata, 0.95).unwrap();
/// assert!((found.odds_ratio.unwrap().value - 1.0).abs() < 1e-15);
/// assert_eq!(found.test.unwrap().p_value, 1.0);
/// assert_eq!(found.breslow_day.unwrap().degrees_of_freedom, 1);
/// assert_eq!(found.uninformative[0].stratum, 2);
/// ```
pub fn mantel_haenszel(strata: &[Stratum], level: f64) -> Result<MantelHaenszel, Undefined> {
    let z = two_sided_quantile(level)?;
    let mut uninformative = Vec::new();
    let mut informative = Vec::new();
    for (place, stratum) in strata.iter().enumerate() {
        match comparable(&[stratum.group, stratum.reference]) {
            Ok(()) => informative.push(Cells::new(*stratum)),
            Err(why) => uninformative.push(Uninformative { stratum: place, why }),
        }
    }
    let filled: Vec<Cells> =
        strata.iter().filter(|stratum| stratum.group.n() > 0 && stratum.reference.n() > 0).map(|stratum| Cells::new(*stratum)).collect();
    let odds_ratio = odds_ratio(&informative, z);
    let breslow_day = odds_ratio.and_then(|odds_ratio| breslow_day(&informative, odds_ratio.value));
    Ok(MantelHaenszel {
        strata: strata.len(),
        uninformative,
        odds_ratio,
        risk_ratio: risk_ratio(&filled, z),
        risk_difference: risk_difference(&filled, z),
        test: test(&informative, 0.0),
        corrected_test: test(&informative, 0.5),
        breslow_day: breslow_day.map(|(plain, _)| plain),
        tarone: breslow_day.map(|(_, adjusted)| adjusted),
    })
}

/// The cells and margins of a stratum whose groups both have candidates.
#[derive(Clone, Copy)]
struct Cells {
    a: f64,
    b: f64,
    c: f64,
    d: f64,
    n1: f64,
    n2: f64,
    selected: f64,
    n: f64,
    /// a n2 - c n1, without rounding on the way.
    difference: f64,
    /// n1 n2 k - a c N, without rounding on the way.
    spread: f64,
}

impl Cells {
    fn new(Stratum { group, reference }: Stratum) -> Self {
        let (selected, n) = total(&[group, reference]);
        let spread = u128::from(group.n()) * u128::from(reference.n()) * selected
            - u128::from(group.selected()) * u128::from(reference.selected()) * n;
        Cells {
            a: group.selected() as f64,
            b: group.rejected() as f64,
            c: reference.selected() as f64,
            d: reference.rejected() as f64,
            n1: group.n() as f64,
            n2: reference.n() as f64,
            selected: selected as f64,
            n: n as f64,
            difference: cross_difference(group, reference) as f64,
            spread: spread as f64,
        }
    }

    /// How far the selections of the group are from those expected at a common odds ratio above 0, and the variance of that.
    ///
    /// Every expected cell is a sum of numbers of one sign and as exact as the odds ratio: by subtraction from a margin, a small cell beside a large one
    /// would have no digits. The deviation is that of a d - OR b c, a quadratic function of a, over its mean slope between observed and expected.
    fn deviation(self, odds_ratio: f64) -> (f64, f64) {
        let Cells { a, b, c, d, n1, n2, selected, n, .. } = self;
        let (e_a, e_d) = diagonal(odds_ratio, [n1, selected], [n2, n - selected]);
        let (e_b, e_c) = diagonal(1.0 / odds_ratio, [n1, n - selected], [n2, selected]);
        let slope = (a + d + e_a + e_d + odds_ratio * (b + c + e_b + e_c)) / 2.0;
        let variance = 1.0 / (1.0 / e_a + 1.0 / e_b + 1.0 / e_c + 1.0 / e_d);
        ((a * d - odds_ratio * b * c) / slope, variance)
    }
}

/// The two expected cells of a diagonal, given the margins of each: x (x + rest) = OR (m - x)(k - x) for the smaller x, with rest 0 or more.
fn diagonal(odds_ratio: f64, first: [f64; 2], second: [f64; 2]) -> (f64, f64) {
    let rest = second[0] - first[1];
    let [m, k] = if rest >= 0.0 { first } else { second };
    let linear = odds_ratio * (m + k) + rest.abs();
    // Of the square, 4 OR (OR - 1) m k is already taken, so that nothing is subtracted. It holds at an odds ratio of 1 too.
    let square = (odds_ratio * (m - k)).powi(2) + 2.0 * odds_ratio * (m + k) * rest.abs() + rest * rest + 4.0 * odds_ratio * m * k;
    let smaller = 2.0 * odds_ratio * m * k / (linear + square.sqrt());
    let larger = smaller + rest.abs();
    if rest >= 0.0 { (smaller, larger) } else { (larger, smaller) }
}

fn sum(strata: &[Cells], of: impl Fn(&Cells) -> f64) -> f64 {
    strata.iter().map(of).sum()
}

fn odds_ratio(informative: &[Cells], z: f64) -> Result<Measured, Undefined> {
    if informative.is_empty() {
        return Err(Undefined::NoInformativeStratum);
    }
    let (r, s) = (sum(informative, |cells| cells.a * cells.d / cells.n), sum(informative, |cells| cells.b * cells.c / cells.n));
    if s == 0.0 {
        return Err(Undefined::InfiniteOddsRatio);
    }
    if r == 0.0 {
        return Ok(Measured { value: 0.0, interval: Err(Undefined::ZeroOddsRatio) });
    }
    let concordant = |cells: &Cells| (cells.a + cells.d) / cells.n;
    let discordant = |cells: &Cells| (cells.b + cells.c) / cells.n;
    let first = sum(informative, |cells| concordant(cells) * cells.a * cells.d / cells.n) / (r * r);
    let mixed =
        sum(informative, |cells| (concordant(cells) * cells.b * cells.c + discordant(cells) * cells.a * cells.d) / cells.n) / (r * s);
    let last = sum(informative, |cells| discordant(cells) * cells.b * cells.c / cells.n) / (s * s);
    let reach = z * ((first + mixed + last) / 2.0).sqrt();
    let value = r / s;
    Ok(Measured { value, interval: Ok((value * (-reach).exp(), value * reach.exp())) })
}

fn risk_ratio(filled: &[Cells], z: f64) -> Result<Measured, Undefined> {
    if filled.is_empty() {
        return Err(Undefined::NoInformativeStratum);
    }
    let (group, reference) = (sum(filled, |cells| cells.a * cells.n2 / cells.n), sum(filled, |cells| cells.c * cells.n1 / cells.n));
    if reference == 0.0 {
        return Err(Undefined::NobodySelectedOf { group: 1 });
    }
    let value = group / reference;
    if group == 0.0 {
        return Ok(Measured { value, interval: Err(Undefined::NobodySelectedOf { group: 0 }) });
    }
    let variance = sum(filled, |cells| cells.spread / (cells.n * cells.n)) / (group * reference);
    let reach = z * variance.sqrt();
    let interval = if variance > 0.0 { Ok((value * (-reach).exp(), value * reach.exp())) } else { Err(Undefined::NoVariance) };
    Ok(Measured { value, interval })
}

fn risk_difference(filled: &[Cells], z: f64) -> Result<Measured, Undefined> {
    if filled.is_empty() {
        return Err(Undefined::NoInformativeStratum);
    }
    let weight = sum(filled, |cells| cells.n1 * cells.n2 / cells.n);
    let value = sum(filled, |cells| cells.difference / cells.n) / weight;
    let part = |cells: &Cells| {
        (cells.a * cells.b * cells.n2.powi(3) + cells.c * cells.d * cells.n1.powi(3)) / (cells.n1 * cells.n2 * cells.n * cells.n)
    };
    let variance = sum(filled, part) / (weight * weight);
    let reach = z * variance.sqrt();
    let interval = if variance > 0.0 { Ok((value - reach, value + reach)) } else { Err(Undefined::NoVariance) };
    Ok(Measured { value, interval })
}

fn test(informative: &[Cells], correction: f64) -> Result<ChiSquared, Undefined> {
    if informative.is_empty() {
        return Err(Undefined::NoInformativeStratum);
    }
    let deviation = (sum(informative, |cells| cells.difference / cells.n).abs() - correction).max(0.0);
    let variance =
        sum(informative, |cells| cells.n1 * cells.n2 / cells.n * (cells.selected * (cells.n - cells.selected) / cells.n) / (cells.n - 1.0));
    Ok(ChiSquared::new(deviation * deviation / variance, 1))
}

/// Breslow and Day's statistic without and with Tarone's adjustment.
fn breslow_day(informative: &[Cells], odds_ratio: f64) -> Result<(ChiSquared, ChiSquared), Undefined> {
    if informative.len() < 2 {
        return Err(Undefined::OneInformativeStratum);
    }
    if odds_ratio == 0.0 {
        return Err(Undefined::ZeroOddsRatio);
    }
    let deviations: Vec<(f64, f64)> = informative.iter().map(|cells| cells.deviation(odds_ratio)).collect();
    let statistic: f64 = deviations.iter().map(|(deviation, variance)| deviation * deviation / variance).sum();
    let together = deviations.iter().fold((0.0, 0.0), |(sum, variances), (deviation, variance)| (sum + deviation, variances + variance));
    let adjustment = together.0 * together.0 / together.1;
    let freedom = informative.len() - 1;
    Ok((ChiSquared::new(statistic, freedom), ChiSquared::new((statistic - adjustment).max(0.0), freedom)))
}
