//! Interviews out of a seed: frames, voice and words of candidates who never were; no file, no program, known truth.
//!
//! ```text
//! person    gender drawn independently of everything else;   V, A, T ~ N(0, 1): what picture, voice and words say of quality
//! quality   q = (v + a + t) / sqrt(3),   v = 0.9 V + sqrt(1 - 0.9^2) N(0, 1), a and t likewise, for each interview
//! score     0.5 + 0.15 (sqrt(1 - label_noise) q + sqrt(label_noise) N(0, 1)),  cut to [0, 1]
//!
//! frame     a plain wall, a face (an ellipse) that wanders by 2.5 e^(-v/2) pixels, lit by 0.62 + 0.05 v, hair darker by 0.15 leak g
//! audio     68 features of N(0, 1) around 0, of which energy-like ones carry 0.5 a and pitch-like ones 1.2 leak g
//! text      a vector of N(0, 1), moved by 0.8 t along one direction and by 0.7 leak g along another
//! traits    extraversion ... openness: 0.5 + 0.12 (0.8 q + 0.6 N(0, 1)),  cut to [0, 1]
//! ```
//!
//! g is +1 for gender `f` and -1 for `m`. Every modality tells a third of the score, so a scorer that reads all three beats each alone.
//! Scores do not differ between the groups; after a tilt ([`crate::skew`]) gender predicts the score and the leaks become useful, the
//! setting of Kim et al. 2023, section V.B.

use std::sync::Arc;

use evenhand_catalog::limits::HELD_BYTES;
use evenhand_catalog::{Allowed, Card, CatalogError, Direction, Kind, Literal, Parameter, Parameters};
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

use super::{LoadRequest, Loader, keep_attributes};
use crate::recordings::{RecordStore, Recording, Recordings, Shape};
use crate::seed::generator;
use crate::{DataError, Dataset, Groups, Identity, Label, LabelKind, Provenance, Scale};

pub(super) const CARD: Card = Card {
    id: "synthetic-interviews",
    name: "Synthetic interviews with recordings",
    kind: Kind::Corpus,
    summary: "Interviews drawn from a seed with frames, voice features and text vectors: each modality tells a third of the score and leaks \
              the gender mildly; persons with one to three interviews.",
    formula: "",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "embedded; setting of Kim et al. 2023, section V.B",
    parameters: &[
        Parameter { name: "rows", default: Literal::Integer(1200), allowed: Allowed::Between(1.0, 1e6), purpose: "number of interviews" },
        Parameter { name: "segments", default: Literal::Integer(4), allowed: Allowed::Between(1.0, 64.0), purpose: "frames an interview" },
        Parameter {
            name: "side",
            default: Literal::Integer(32),
            allowed: Allowed::Between(8.0, 256.0),
            purpose: "width and height of a frame in pixels",
        },
        Parameter {
            name: "leak",
            default: Literal::Number(1.0),
            allowed: Allowed::Between(0.0, 10.0),
            purpose: "how strongly picture, voice and words depend on the group; 0 hides it",
        },
        Parameter {
            name: "label_noise",
            default: Literal::Number(0.2),
            allowed: Allowed::Between(0.0, 1.0),
            purpose: "share of the score's variance that no quality explains",
        },
    ],
};

const AUDIO: usize = 68;
const TEXT: usize = 24;
const JOBS: [&str; 3] = ["analyst", "nurse", "support"];
const TRAITS: [&str; 5] = ["extraversion", "agreeableness", "conscientiousness", "neuroticism", "openness"];

#[derive(Debug)]
struct SyntheticInterviews {
    rows: usize,
    segments: usize,
    side: usize,
    leak: f64,
    label_noise: f64,
}

pub(super) fn build(parameters: &Parameters) -> Result<Box<dyn Loader>, CatalogError> {
    Ok(Box::new(SyntheticInterviews {
        rows: parameters.count("rows"),
        segments: parameters.count("segments"),
        side: parameters.count("side"),
        leak: parameters.number("leak"),
        label_noise: parameters.number("label_noise"),
    }))
}

fn normal(rng: &mut impl Rng) -> f64 {
    rng.sample(StandardNormal)
}

impl Loader for SyntheticInterviews {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn load(&self, request: &LoadRequest) -> Result<Dataset, DataError> {
        let mut data = self.draw(request.seed)?;
        data.targets = request
            .schema
            .targets
            .iter()
            .map(|wanted| {
                let known: Vec<String> = data.targets.iter().map(|target| target.name.clone()).collect();
                let found = data.targets.iter().find(|target| target.name == *wanted).cloned();
                found.ok_or_else(|| DataError::missing_column(CARD.id, wanted, &known))
            })
            .collect::<Result<_, _>>()?;
        keep_attributes(&mut data, request.schema)?;
        Ok(data)
    }
}

/// What one interview shows.
struct Cues {
    picture: f64,
    voice: f64,
    words: f64,
    /// +1 or -1, times the leak.
    group: f64,
}

impl SyntheticInterviews {
    fn draw(&self, seed: u64) -> Result<Dataset, DataError> {
        let mut rng = generator(seed, 0x1f_ed);
        let shape = Shape { segments: self.segments, per_segment: 1, side: self.side, audio: AUDIO, text: TEXT };
        let bytes = (self.rows as u64).saturating_mul((self.segments * self.side * self.side * 3) as u64);
        DataError::within("synthetic-interviews", HELD_BYTES, bytes)?;
        let (mut genders, mut persons, mut jobs, mut scores) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut traits = vec![Vec::new(); TRAITS.len()];
        let mut recordings = Vec::with_capacity(self.rows);
        let mut person = 0_u32;
        while scores.len() < self.rows {
            let gender = u32::from(rng.random_bool(0.5));
            let standing = [normal(&mut rng), normal(&mut rng), normal(&mut rng)];
            let interviews = match rng.random::<f64>() {
                draw if draw < 0.75 => 1,
                draw if draw < 0.95 => 2,
                _ => 3,
            };
            for _ in 0..interviews.min(self.rows - scores.len()) {
                let [picture, voice, words] = standing.map(|part| 0.9 * part + (1.0 - 0.81_f64).sqrt() * normal(&mut rng));
                let quality = (picture + voice + words) / 3.0_f64.sqrt();
                let rating = (1.0 - self.label_noise).sqrt() * quality + self.label_noise.sqrt() * normal(&mut rng);
                scores.push((0.5 + 0.15 * rating).clamp(0.0, 1.0));
                for values in &mut traits {
                    values.push((0.5 + 0.12 * (0.8 * quality + 0.6 * normal(&mut rng))).clamp(0.0, 1.0));
                }
                let group = if gender == 0 { self.leak } else { -self.leak };
                recordings.push(self.record(&Cues { picture, voice, words, group }, &mut rng));
                genders.push(gender);
                persons.push(person);
                jobs.push(rng.random_range(0..JOBS.len() as u32));
            }
            person += 1;
        }
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<String>>();
        let label = |name: &str, values| Label { name: name.to_owned(), kind: LabelKind::Continuous, values, scale: Scale::default() };
        let store = Arc::new(RecordStore::in_memory(shape, &recordings)?);
        Ok(Dataset {
            name: CARD.id.to_owned(),
            features: Vec::new(),
            label: Some(label("interview", scores)),
            targets: TRAITS.iter().zip(traits).map(|(name, values)| label(name, values)).collect(),
            sensitive: vec![Groups::new("gender", names(&["f", "m"]), genders)],
            person: Some(Identity {
                name: "person".to_owned(),
                levels: (1..=person).map(|number| format!("p{number:06}")).collect(),
                codes: persons,
            }),
            job: Some(Identity { name: "job".to_owned(), levels: names(&JOBS), codes: jobs }),
            weights: None,
            recordings: Some(Recordings::new(store, (0..self.rows as u32).collect())),
            parts: None,
            rows: (1..=self.rows as u64).collect(),
            provenance: Provenance {
                loader: CARD.id.to_owned(),
                files: Vec::new(),
                notes: vec![format!("drawn from seed {seed}; no real person stands behind any recording")],
            },
        })
    }

    fn record(&self, cues: &Cues, rng: &mut impl Rng) -> Recording {
        let frames = (0..self.segments).flat_map(|_| self.frame(cues, rng)).collect();
        let audio = (0..self.segments * AUDIO).map(|place| {
            let told = match place % AUDIO {
                1 | 3 | 8 => 0.5 * cues.voice,
                4 | 9 | 10 => 1.2 * cues.group,
                _ => 0.0,
            };
            (told + normal(rng)) as f32
        });
        let audio = audio.collect();
        let text = (0..TEXT).map(|place| {
            let told = match place % 8 {
                0 => 0.8 * cues.words,
                1 => 0.7 * cues.group,
                _ => 0.0,
            };
            (told + normal(rng)) as f32
        });
        Recording { video: Some((frames, vec![true; self.segments])), audio: Some(audio), text: Some(text.collect()) }
    }

    fn frame(&self, cues: &Cues, rng: &mut impl Rng) -> Vec<u8> {
        let side = self.side as f64;
        let wander = 2.5 * (-cues.picture / 2.0).exp() * side / 32.0;
        let (x0, y0) = (side / 2.0 + wander * normal(rng), side * 0.55 + wander * normal(rng));
        let light = 0.62 + 0.05 * cues.picture;
        let hair = 0.42 - 0.15 * cues.group;
        let mut pixels = Vec::with_capacity(self.side * self.side * 3);
        for y in 0..self.side {
            for x in 0..self.side {
                let (dx, dy) = ((x as f64 - x0) / (0.28 * side), (y as f64 - y0) / (0.36 * side));
                let distance = dx * dx + dy * dy;
                let grey = if distance > 1.0 {
                    0.35
                } else if dy < -0.45 {
                    hair
                } else {
                    light
                };
                for tint in [1.0, 0.9, 0.8] {
                    let value = grey * tint + 0.03 * normal(rng);
                    pixels.push((value.clamp(0.0, 1.0) * 255.0).round() as u8);
                }
            }
        }
        pixels
    }
}
