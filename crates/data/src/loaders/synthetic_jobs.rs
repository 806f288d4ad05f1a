//! Jobs and their applicants out of a seed: no download, any size, a bias of known size in who was shortlisted.
//!
//! ```text
//! job        industry k, place, hours, salary, years and degree asked for
//! applicant  gender: a woman with chance s_k, the women's share of the industry, of which a share `other` is of a third gender
//!            E years of work, D degree, T test of skills, G months of family leave, hours and salary wanted, place
//! overlap    distance to the job, years and degree beyond what is asked for, hours and salary beyond what is offered, same industry before
//! merit      m = .9 T + .5 min(E - E_job, 0) / 4 + .4 min(D - D_job, 0) + .35 same industry - .3 distance / 30 km
//!                - .25 |hours - hours_job| / 8 - .2 max(salary - salary_job, 0) / 500
//! choice     c = m - bias d + noise N(0, 1),   d = 1 for women, 0.5 for the third gender, 0 for men
//! label      1 for the `shortlisted` share of a job's applicants with the highest c
//! ```
//!
//! Gender does not enter the merit: with `bias = 0` women and men of a job are shortlisted at like rates, but for what hours and salary
//! wanted do. Months of leave, hours wanted and (through the industry) the job give the gender away, as they do in life, so that a scorer
//! that never sees the gender still learns the bias. `bias` is in units of the merit, whose deviation within a job is near 1.2: 0.3 is
//! weak, 1 strong. `segregation` moves the industries' shares of women apart: 0 gives every industry the `women` share, 1 shares from near
//! 0.1 to 0.9.
//!
//! Setting of Arafan et al. 2022 (candidate, job and overlap features; label: shortlisted), whose data cannot be handed on. All numbers are
//! invented and describe no labour market.

use evenhand_catalog::{Allowed, Card, CatalogError, Direction, Kind, Literal, Parameter, Parameters};
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

use super::{LoadRequest, Loader, keep_attributes};
use crate::seed::generator;
use crate::{DataError, Dataset, Feature, Groups, Identity, Label, LabelKind, Provenance, Scale, Values};

pub(super) const CARD: Card = Card {
    id: "synthetic-jobs",
    name: "Synthetic jobs",
    kind: Kind::Corpus,
    summary: "Jobs and their applicants drawn from a seed: features of applicant, job and overlap, and who was shortlisted by a choice whose \
              bias against women is set; industries differ in their share of women.",
    formula: "",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "embedded; setting of Arafan et al. 2022, section 3",
    parameters: &[
        Parameter { name: "jobs", default: Literal::Integer(200), allowed: Allowed::Between(1.0, 1e7), purpose: "number of jobs" },
        Parameter {
            name: "applicants",
            default: Literal::Integer(50),
            allowed: Allowed::Between(2.0, 1e6),
            purpose: "applicants a job, on average; a job has between half and one and a half times as many",
        },
        Parameter {
            name: "bias",
            default: Literal::Number(0.6),
            allowed: Allowed::Between(-10.0, 10.0),
            purpose: "what the choice takes off a woman's merit; 0.3 is weak, 1 strong",
        },
        Parameter {
            name: "women",
            default: Literal::Number(0.5),
            allowed: Allowed::Between(0.01, 0.99),
            purpose: "share of women over all industries",
        },
        Parameter {
            name: "segregation",
            default: Literal::Number(0.5),
            allowed: Allowed::Between(0.0, 1.0),
            purpose: "how far the industries' shares of women lie apart",
        },
        Parameter {
            name: "other",
            default: Literal::Number(0.0),
            allowed: Allowed::Between(0.0, 0.5),
            purpose: "share of applicants of a third gender",
        },
        Parameter {
            name: "shortlisted",
            default: Literal::Number(0.2),
            allowed: Allowed::Between(0.01, 0.99),
            purpose: "share of a job's applicants who were shortlisted",
        },
        Parameter {
            name: "noise",
            default: Literal::Number(0.5),
            allowed: Allowed::Between(0.0, 10.0),
            purpose: "what the choice owes to chance, in units of the merit",
        },
    ],
};

/// Industries with where they lie between the one of fewest women (-1) and that of most (1), and the usual pay a month.
const INDUSTRIES: [(&str, f64, f64); 6] = [
    ("care", 1.0, 2800.0),
    ("office", 0.5, 3000.0),
    ("retail", 0.1, 2500.0),
    ("finance", -0.2, 3900.0),
    ("logistics", -0.7, 2700.0),
    ("technology", -0.9, 4100.0),
];
const DEGREES: [&str; 4] = ["none", "vocational", "bachelor", "master"];
const SIZES: [&str; 3] = ["small", "medium", "large"];
const GENDERS: [&str; 3] = ["female", "male", "other"];

/// Side of the square that everybody lives in, in km.
const SIDE: f64 = 40.0;

#[derive(Debug)]
struct SyntheticJobs {
    jobs: usize,
    applicants: usize,
    bias: f64,
    women: f64,
    segregation: f64,
    other: f64,
    shortlisted: f64,
    noise: f64,
}

pub(super) fn build(parameters: &Parameters) -> Result<Box<dyn Loader>, CatalogError> {
    Ok(Box::new(SyntheticJobs {
        jobs: parameters.count("jobs"),
        applicants: parameters.count("applicants"),
        bias: parameters.number("bias"),
        women: parameters.number("women"),
        segregation: parameters.number("segregation"),
        other: parameters.number("other"),
        shortlisted: parameters.number("shortlisted"),
        noise: parameters.number("noise"),
    }))
}

impl Loader for SyntheticJobs {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn load(&self, request: &LoadRequest) -> Result<Dataset, DataError> {
        let mut data = self.draw(request.seed);
        keep_attributes(&mut data, request.schema)?;
        Ok(data)
    }
}

fn normal(rng: &mut impl Rng) -> f64 {
    rng.sample(StandardNormal)
}

/// A draw from a list of chances that sum to 1.
fn pick(rng: &mut impl Rng, chances: &[f64]) -> u32 {
    let mut left = rng.random::<f64>();
    for (code, chance) in chances.iter().enumerate() {
        left -= chance;
        if left < 0.0 {
            return code as u32;
        }
    }
    chances.len() as u32 - 1
}

/// A number rounded to a step, inside its range.
fn rounded(value: f64, step: f64, low: f64, high: f64) -> f64 {
    ((value / step).round() * step).clamp(low, high)
}

/// What a job asks for and offers.
#[derive(Debug)]
struct Job {
    industry: usize,
    size: u32,
    place: [f64; 2],
    years: f64,
    degree: u32,
    hours: f64,
    salary: f64,
}

impl Job {
    fn draw(rng: &mut impl Rng) -> Self {
        let industry = rng.random_range(0..INDUSTRIES.len());
        let size = pick(rng, &[0.4, 0.35, 0.25]);
        let place = [rng.random::<f64>() * SIDE, rng.random::<f64>() * SIDE];
        let years = rounded(3.0 + 2.5 * normal(rng), 1.0, 0.0, 12.0);
        let degree = pick(rng, &[0.2, 0.35, 0.3, 0.15]);
        let hours = [24.0, 32.0, 36.0, 40.0][pick(rng, &[0.15, 0.2, 0.2, 0.45]) as usize];
        let pay = INDUSTRIES[industry].2 + 180.0 * f64::from(degree) + 60.0 * years + 150.0 * normal(rng);
        Job { industry, size, place, years, degree, hours, salary: rounded(pay, 50.0, 1800.0, 8000.0) }
    }
}

/// Columns of numbers in the order of the inputs.
#[derive(Debug, Default)]
struct Columns {
    numbers: Vec<(&'static str, Vec<f64>)>,
    categories: Vec<(&'static str, &'static [&'static str], Vec<u32>)>,
}

impl Columns {
    fn number(&mut self, name: &'static str, value: f64) {
        match self.numbers.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(value),
            None => self.numbers.push((name, vec![value])),
        }
    }

    fn category(&mut self, name: &'static str, levels: &'static [&'static str], code: u32) {
        match self.categories.iter_mut().find(|(known, ..)| *known == name) {
            Some((.., codes)) => codes.push(code),
            None => self.categories.push((name, levels, vec![code])),
        }
    }
}

impl SyntheticJobs {
    /// The chances of the genders in an industry.
    fn genders(&self, lean: f64) -> [f64; 3] {
        // On the scale of log odds, so that the share stays inside (0, 1) for any mean.
        let odds = (self.women / (1.0 - self.women)).ln() + 2.2 * self.segregation * lean;
        let women = (1.0 - self.other) / (1.0 + (-odds).exp());
        [women, 1.0 - self.other - women, self.other]
    }

    fn draw(&self, seed: u64) -> Dataset {
        const INDUSTRY_NAMES: [&str; 6] =
            [INDUSTRIES[0].0, INDUSTRIES[1].0, INDUSTRIES[2].0, INDUSTRIES[3].0, INDUSTRIES[4].0, INDUSTRIES[5].0];
        const YES: [&str; 2] = ["no", "yes"];
        let mut rng = generator(seed, 0x10b5);
        let mut columns = Columns::default();
        let (mut genders, mut jobs, mut labels) = (Vec::new(), Vec::new(), Vec::new());
        for number in 0..self.jobs {
            let job = Job::draw(&mut rng);
            let chances = self.genders(INDUSTRIES[job.industry].1);
            let count = rng.random_range(self.applicants.div_ceil(2)..=self.applicants + self.applicants / 2);
            let mut choices = Vec::with_capacity(count);
            for _ in 0..count {
                let gender = pick(&mut rng, &chances);
                let woman = gender == 0;
                let years = rounded(job.years + 1.0 + 3.5 * normal(&mut rng), 0.5, 0.0, 40.0);
                let degree = (f64::from(job.degree) + 0.9 * normal(&mut rng)).round().clamp(0.0, 3.0) as u32;
                let skills = normal(&mut rng);
                // Most have none; women more often and longer.
                let has_leave = rng.random_bool(if woman { 0.4 } else { 0.1 });
                let leave = if has_leave { rounded(if woman { 9.0 } else { 3.0 } + 4.0 * normal(&mut rng), 1.0, 1.0, 36.0) } else { 0.0 };
                let hours = rounded(if woman { 31.0 } else { 36.0 } + 5.0 * normal(&mut rng), 4.0, 8.0, 40.0);
                let salary =
                    rounded(job.salary - 100.0 + if woman { -80.0 } else { 40.0 } + 350.0 * normal(&mut rng), 50.0, 1500.0, 9000.0);
                let place = [rng.random::<f64>() * SIDE, rng.random::<f64>() * SIDE];
                let travel = rounded(25.0 + 10.0 * normal(&mut rng), 5.0, 5.0, 60.0);
                let languages = f64::from(pick(&mut rng, &[0.5, 0.35, 0.15])) + 1.0;
                let same_industry = u32::from(rng.random_bool(0.45));
                let distance = (place[0] - job.place[0]).hypot(place[1] - job.place[1]);
                let merit = 0.9 * skills
                    + 0.5 * (years - job.years).min(0.0) / 4.0
                    + 0.4 * (f64::from(degree) - f64::from(job.degree)).min(0.0)
                    + 0.35 * f64::from(same_industry)
                    - 0.3 * distance / 30.0
                    - 0.25 * (hours - job.hours).abs() / 8.0
                    - 0.2 * (salary - job.salary).max(0.0) / 500.0;
                let disfavour = [1.0, 0.0, 0.5][gender as usize];
                choices.push(merit - self.bias * disfavour + self.noise * normal(&mut rng));

                columns.number("years_of_work", years);
                columns.category("degree", &DEGREES, degree);
                columns.number("skills_test", rounded(60.0 + 12.0 * skills, 0.1, 0.0, 100.0));
                columns.number("family_leave_months", leave);
                columns.number("hours_wanted", hours);
                columns.number("salary_wanted", salary);
                columns.number("longest_travel_km", travel);
                columns.number("languages", languages);
                columns.category("industry", &INDUSTRY_NAMES, job.industry as u32);
                columns.category("company_size", &SIZES, job.size);
                columns.number("years_asked", job.years);
                columns.category("degree_asked", &DEGREES, job.degree);
                columns.number("hours_offered", job.hours);
                columns.number("salary_offered", job.salary);
                columns.number("distance_km", rounded(distance, 0.1, 0.0, 2.0 * SIDE));
                columns.category("within_travel", &YES, u32::from(distance <= travel));
                columns.category("worked_in_industry", &YES, same_industry);
                columns.number("years_beyond", years - job.years);
                columns.number("degree_beyond", f64::from(degree) - f64::from(job.degree));
                columns.number("hours_apart", (hours - job.hours).abs());
                columns.number("salary_beyond", salary - job.salary);
                genders.push(gender);
                jobs.push(number as u32);
            }
            let places = ((self.shortlisted * count as f64).round() as usize).clamp(1, count);
            let mut order: Vec<usize> = (0..count).collect();
            order.sort_by(|&left, &right| choices[right].total_cmp(&choices[left]));
            let mut chosen = vec![0.0; count];
            for &place in &order[..places] {
                chosen[place] = 1.0;
            }
            labels.extend(chosen);
        }
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<String>>();
        let numbers = columns.numbers.into_iter().map(|(name, values)| (name, Values::Numeric(values)));
        let categories =
            columns.categories.into_iter().map(|(name, levels, codes)| (name, Values::Categorical { levels: names(levels), codes }));
        let features =
            numbers.chain(categories).map(|(name, values)| Feature { name: name.to_owned(), values, sensitive: false }).collect();
        let gender = Groups::new("gender", names(&GENDERS), genders).without_empty_levels();
        let rows = (1..=labels.len() as u64).collect();
        Dataset {
            name: CARD.id.to_owned(),
            features,
            label: Some(Label { name: "shortlisted".to_owned(), kind: LabelKind::Binary, values: labels, scale: Scale::default() }),
            sensitive: vec![gender],
            job: Some(Identity {
                name: "job".to_owned(),
                levels: (1..=self.jobs).map(|number| format!("j{number:05}")).collect(),
                codes: jobs,
            }),
            rows,
            provenance: Provenance {
                loader: CARD.id.to_owned(),
                files: Vec::new(),
                notes: vec![format!("drawn from seed {seed}; no real person and no real job stands behind any row")],
            },
            ..Dataset::default()
        }
    }
}
