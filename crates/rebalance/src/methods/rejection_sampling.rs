//! Subsets with a wanted share of each group, within every job.
//!
//! ```text
//! job j: the rows of a job, or all rows;   n(g) rows of group g in j;   f(g) = n(g) / sum over g of n(g);   w(g) wanted share, sum 1
//!
//! draw = "von-neumann":   c = max over g of w(g) / f(g);   each row of g is kept with probability w(g) / (c f(g))
//! draw = "fewest-lost":   N = floor(min over g with w(g) > 0 of n(g) / w(g));   k(g) = w(g) N, rounded by largest remainder, drawn
//!                         without replacement
//! ```
//!
//! Von Neumann's acceptance keeps every row of the group that limits the shares and meets them in expectation: a job's own shares scatter
//! about them. The other draw meets them in each job up to the rounding, k(g) within one row of w(g) N, and no larger subset of the job
//! has the shares.
//!
//! - Groups not named in `shares` keep their proportion among what is left (of all rows, not of the job); a share of 0 leaves a group out.
//! - A job that lacks rows of a group with w(g) > 0, or is too small to hold one row of each at these shares (`fewest-lost`), cannot have
//!   them. `unreachable = "drop"` leaves out its rows, `"keep"` keeps it as it is. Such jobs and their rows are counted in the notes.
//! - Rows of unknown group are kept, in every job. Kept rows stay in their order, none is repeated. Cells are counted in rows, sample
//!   weights travel along. The label plays no part and need not be there: where a group's label is tilted it stays tilted.
//! - Refused: fewer than two groups with rows; shares that cannot be (see `Shares`); when no job can have them.
//!
//! Source: A. Arafan, D. Graus, F. P. Santos and E. Beauxis-Aussalet, "End-to-End Bias Mitigation in Candidate Recommender Systems with
//! Fairness Gates", RecSys in HR 2022, section 3.1 (female share .2, .45, .5, .55, .8 in each job), after J. von Neumann, "Various techniques
//! used in connection with random digits", 1951. The paper gives no formula; the acceptance is the textbook's. `fewest-lost` is ours.

use evenhand_catalog::{Allowed, Card, CatalogError, Direction, Entry, Kind, Literal, Parameter};
use evenhand_rows::Dataset;
use rand::seq::index;
use rand::{Rng, RngExt};

use crate::cells::{Cells, select};
use crate::shares::{Shares, apportion};
use crate::{RebalanceError, Rebalancer};

static CARD: Card = Card {
    id: "rejection-sampling",
    name: "Rejection sampling",
    kind: Kind::Rebalancer,
    summary: "Leaves rows out until every job has the wanted share of each group: balanced, or tilted on purpose. None is repeated.",
    formula: "a row of group g in a job is kept with probability w(g) / (c f(g)); w wanted share, f share in the job, c = max over g of \
              w(g) / f(g); or the largest subset of the job that has the shares (fewest-lost)",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "Arafan et al. 2022, section 3.1, after von Neumann 1951; the draw that loses the fewest rows is ours",
    parameters: &[
        Parameter {
            name: "shares",
            default: Literal::Text("equal"),
            allowed: Allowed::Any,
            purpose: "wanted shares: equal, found, or by name such as \"women=0.45, men=0.55\"; groups not named share what is left",
        },
        Parameter {
            name: "draw",
            default: Literal::Text("von-neumann"),
            allowed: Allowed::OneOf(&["von-neumann", "fewest-lost"]),
            purpose: "von-neumann: each row accepted by chance, shares met on average; fewest-lost: shares met by count, largest subset",
        },
        Parameter {
            name: "per_job",
            default: Literal::Flag(true),
            allowed: Allowed::Any,
            purpose: "shares within each job where the data has jobs; false: over all rows together",
        },
        Parameter {
            name: "unreachable",
            default: Literal::Text("drop"),
            allowed: Allowed::OneOf(&["drop", "keep"]),
            purpose: "what becomes of a job that cannot have the shares: its rows are left out, or kept as they are",
        },
    ],
};

pub(super) const ENTRY: Entry<dyn Rebalancer> = Entry {
    card: &CARD,
    build: |parameters| {
        let shares = Shares::parse(parameters.text("shares"))
            .map_err(|reason| CatalogError::BadCombination { id: CARD.id.to_owned(), reason: format!("shares: {reason}") })?;
        Ok(Box::new(RejectionSampling {
            shares,
            fewest_lost: parameters.text("draw") == "fewest-lost",
            per_job: parameters.flag("per_job"),
            keep_unreachable: parameters.text("unreachable") == "keep",
        }))
    },
};

#[derive(Debug)]
struct RejectionSampling {
    shares: Shares,
    fewest_lost: bool,
    per_job: bool,
    keep_unreachable: bool,
}

/// What is to happen to the rows of one group in one job.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Plan {
    /// Each row is accepted with this probability.
    Accept(f64),
    /// So many rows are drawn.
    Draw(usize),
}

impl Rebalancer for RejectionSampling {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn rebalance(&self, data: &Dataset, attribute: &str, rng: &mut dyn Rng) -> Result<Dataset, RebalanceError> {
        let cells = Cells::of_groups(CARD.id, data, attribute)?;
        let found: Vec<usize> = cells.rows.iter().map(|bands| bands[0].len()).collect();
        let refused = |reason| RebalanceError::Shares { method: CARD.id, attribute: attribute.to_owned(), reason };
        let wanted = self.shares.resolve(&cells.names(), &found).map_err(refused)?;

        let jobs = data.job.as_ref().filter(|_| self.per_job);
        let job_of = |row: usize| jobs.map_or(0, |jobs| jobs.codes[row] as usize);
        let job_count = jobs.map_or(1, |jobs| jobs.levels.len());
        // Rows by job and group, ascending.
        let mut rows: Vec<Vec<Vec<usize>>> = vec![vec![Vec::new(); found.len()]; job_count];
        for (group, bands) in cells.rows.iter().enumerate() {
            for &row in &bands[0] {
                rows[job_of(row)][group].push(row);
            }
        }
        let mut kept = vec![false; data.len()];
        cells.unknown.iter().for_each(|&row| kept[row] = true);
        let (mut reached, mut unreached, mut rows_unreached) = (0, 0, 0);
        // Acceptance by row, so that the draws follow the rows and not the order of the groups' names.
        let mut accept = vec![0.0; data.len()];
        for job in rows.iter().filter(|job| job.iter().any(|rows| !rows.is_empty())) {
            let counts: Vec<usize> = job.iter().map(Vec::len).collect();
            let Some(plans) = self.plan(&counts, &wanted) else {
                unreached += 1;
                rows_unreached += counts.iter().sum::<usize>();
                job.iter().flatten().for_each(|&row| kept[row] |= self.keep_unreachable);
                continue;
            };
            reached += 1;
            for (rows, plan) in job.iter().zip(plans) {
                match plan {
                    Plan::Accept(probability) => rows.iter().for_each(|&row| accept[row] = probability),
                    Plan::Draw(count) if count == rows.len() => rows.iter().for_each(|&row| kept[row] = true),
                    Plan::Draw(count) => index::sample(rng, rows.len(), count).into_iter().for_each(|position| kept[rows[position]] = true),
                }
            }
        }
        if reached == 0 {
            let reason = if jobs.is_some() {
                "no job holds enough rows of every group that has a share; balance over all rows (`per_job = false`), or take a share of 0"
            } else {
                "the rows of some group are too few for its share; change the shares"
            };
            return Err(refused(reason.to_owned()));
        }
        if !self.fewest_lost {
            for (row, &probability) in accept.iter().enumerate() {
                kept[row] |= probability > 0.0 && rng.random::<f64>() < probability;
            }
        }

        let chosen: Vec<usize> = (0..data.len()).filter(|&row| kept[row]).collect();
        let mut balanced = select(data, &chosen, CARD.id, attribute);
        let of_group = |group: usize| cells.rows[group][0].iter().filter(|&&row| kept[row]).count();
        let total: usize = (0..found.len()).map(of_group).sum();
        if total == 0 {
            return Err(refused("no row was accepted; the rows are too few for these shares".to_owned()));
        }
        let told: Vec<String> = (0..found.len())
            .map(|group| {
                let kept = of_group(group);
                let share = 100.0 * kept as f64 / total as f64;
                format!(
                    "{} {kept} of {} kept, {share:.1} % of the rows (wanted {:.1} %)",
                    cells.name(group),
                    found[group],
                    100.0 * wanted[group]
                )
            })
            .collect();
        let notes = &mut balanced.provenance.notes;
        notes.push(format!("{} lost {} of {} rows: {}", CARD.id, data.len() - chosen.len(), data.len(), told.join("; ")));
        if let Some(jobs) = jobs {
            let fate = if self.keep_unreachable { "were kept as they are" } else { "were left out" };
            notes.push(format!(
                "{}: {reached} of {} jobs (`{}`) can have the shares and have them but for the draw; {unreached} cannot, {rows_unreached} rows of theirs {fate}",
                CARD.id,
                reached + unreached,
                jobs.name
            ));
        } else if self.per_job {
            notes.push(format!("{}: the data has no jobs, so the shares hold over all rows", CARD.id));
        }
        Ok(balanced)
    }
}

impl RejectionSampling {
    /// What to do with each group of a job of these counts; `None` where it cannot have the shares.
    fn plan(&self, counts: &[usize], wanted: &[f64]) -> Option<Vec<Plan>> {
        let positive = || counts.iter().zip(wanted).filter(|(_, share)| **share > 0.0);
        if positive().any(|(&count, _)| count == 0) {
            return None;
        }
        // n(g) / w(g); its smallest value is the size that a subset with the shares can have.
        let size = positive().map(|(&count, share)| count as f64 / share).min_by(f64::total_cmp)?;
        if self.fewest_lost {
            let drawn = apportion((size + 1e-9).floor() as usize, wanted);
            let all = drawn.iter().zip(wanted).all(|(&drawn, &share)| drawn > 0 || share == 0.0);
            return all.then(|| drawn.into_iter().zip(counts).map(|(drawn, &count)| Plan::Draw(drawn.min(count))).collect());
        }
        // w / (c f) = w size / n, and 1 for the group that limits.
        let probability = |(&count, share): (&usize, &f64)| if *share > 0.0 { (share * size / count as f64).min(1.0) } else { 0.0 };
        Some(counts.iter().zip(wanted).map(probability).map(Plan::Accept).collect())
    }
}
