//! Interview-like candidates out of a seed: no download, any size, known truth.
//!
//! ```text
//! person     gender and ethnicity drawn independently of quality;   Q ~ N(0, 1)
//! interview  q = 0.9 Q + sqrt(1 - 0.9^2) N(0, 1)
//! feature j  x_j = centre_j + spread_j (quality_j q + leak * (gender_j g + ethnicity_j b) + noise * N(0, 1))
//! score      0.5 + 0.15 (sqrt(1 - label_noise) q + sqrt(label_noise) N(0, 1)),  cut to [0, 1]
//! ```
//!
//! g is +1 for gender `f` and -1 for `m`; b is -1, 0, 1 for the ethnicities A, B, C (0 where it is unknown). `quality_j`, `gender_j` and
//! `ethnicity_j` are the constants of the table below. Three features carry the voice's pitch and give gender away, some others leak it
//! mildly while they also tell of quality; none tells of an emotion.
//!
//! Behaviour that the tests hold it to: scores do not differ between the groups, so a scorer trained on all rows is within a small gap.
//! After a tilt to alpha = 3 ([`crate::skew`]) gender predicts the score, the leaking features become useful, and a scorer trained
//! without precaution ranks the privileged group higher on rows that are not tilted, where that costs rank correlation. This is the
//! setting of Kim et al. 2023, section V.B, whose interviews cannot be handed on.

use evenhand_catalog::limits::INVENTED_ROWS;
use evenhand_catalog::{Allowed, Card, CatalogError, Direction, Kind, Literal, Parameter, Parameters};
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

use super::{LoadRequest, Loader, keep_attributes};
use crate::seed::generator;
use crate::{DataError, Dataset, Feature, Groups, Identity, Label, LabelKind, Provenance, Scale, UNKNOWN, Values};

pub(super) const CARD: Card = Card {
    id: "synthetic",
    name: "Synthetic interviews",
    kind: Kind::Corpus,
    summary: "Interview-like candidates drawn from a seed: 26 inputs about speech, voice, words and gaze of which some leak the gender, a \
              continuous score driven by a latent quality that does not depend on any group, persons with one to three interviews, jobs.",
    formula: "",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "embedded; setting of Kim et al. 2023, section V.B",
    parameters: &[
        Parameter {
            name: "rows",
            default: Literal::Integer(6400),
            allowed: Allowed::Between(1.0, INVENTED_ROWS.most as f64),
            purpose: "number of interviews",
        },
        Parameter {
            name: "noise",
            default: Literal::Number(1.0),
            allowed: Allowed::Above(0.0),
            purpose: "scale of the noise in every input",
        },
        Parameter {
            name: "leak",
            default: Literal::Number(1.0),
            allowed: Allowed::Between(0.0, 10.0),
            purpose: "how strongly inputs depend on the group; 0 hides it",
        },
        Parameter {
            name: "label_noise",
            default: Literal::Number(0.2),
            allowed: Allowed::Between(0.0, 1.0),
            purpose: "share of the score's variance that no quality explains",
        },
        Parameter {
            name: "unknown",
            default: Literal::Number(0.03),
            allowed: Allowed::Between(0.0, 1.0),
            purpose: "share of persons whose ethnicity is not known",
        },
    ],
};

/// One input: name, centre and spread in its own unit, and how it depends on quality, gender and ethnicity in units of its noise.
struct Cue(&'static str, f64, f64, f64, f64, f64);

const CUES: [Cue; 26] = [
    // speech
    Cue("speech_rate_syllables_per_s", 4.2, 0.6, 0.35, 0.0, -0.15),
    Cue("articulation_rate_syllables_per_s", 5.1, 0.5, 0.2, 0.0, 0.0),
    Cue("pause_share", 0.22, 0.06, -0.35, 0.0, 0.0),
    Cue("pause_length_s", 0.62, 0.15, -0.3, -0.15, 0.0),
    Cue("filled_pauses_per_min", 4.5, 1.8, -0.35, 0.0, 0.2),
    Cue("answer_latency_s", 1.4, 0.4, -0.25, 0.0, 0.0),
    // voice
    Cue("pitch_mean_hz", 160.0, 22.0, 0.0, 1.9, 0.0),
    Cue("pitch_range_semitones", 6.0, 1.4, 0.2, 0.6, 0.0),
    Cue("formant_dispersion_hz", 1060.0, 45.0, 0.0, 1.4, 0.0),
    Cue("loudness_mean_db", 62.0, 4.0, 0.25, -0.4, 0.0),
    Cue("loudness_range_db", 14.0, 2.5, 0.2, 0.0, 0.0),
    Cue("jitter_percent", 1.1, 0.3, -0.1, -0.3, 0.0),
    Cue("shimmer_percent", 3.6, 0.8, 0.0, -0.3, 0.0),
    Cue("spectral_tilt_db_per_octave", -11.0, 1.5, 0.0, -0.5, 0.1),
    Cue("voiced_share", 0.58, 0.07, 0.15, 0.1, 0.0),
    // words
    Cue("words", 182.0, 48.0, 0.35, 0.1, 0.0),
    Cue("vocabulary", 96.0, 20.0, 0.4, 0.0, -0.15),
    Cue("lexical_diversity", 0.56, 0.07, 0.3, 0.0, 0.0),
    Cue("words_per_sentence", 15.0, 3.5, 0.2, 0.0, 0.0),
    Cue("hedges_per_100_words", 2.4, 0.9, -0.25, 0.4, 0.0),
    Cue("first_person_per_100_words", 6.2, 1.7, 0.0, 0.2, 0.0),
    Cue("topic_coverage", 0.61, 0.12, 0.45, 0.0, 0.0),
    // gaze and posture
    Cue("gaze_to_camera_share", 0.54, 0.14, 0.3, 0.1, 0.0),
    Cue("head_movement_deg_per_s", 7.5, 2.2, -0.1, 0.2, 0.0),
    Cue("posture_shifts_per_min", 2.1, 0.9, -0.2, 0.0, 0.0),
    // the room, which tells nothing
    Cue("image_brightness", 0.47, 0.11, 0.0, 0.0, 0.0),
];

const JOBS: [&str; 6] = ["analyst", "engineer", "nurse", "sales", "support", "teacher"];
const DEVICES: [&str; 3] = ["laptop", "phone", "webcam"];
const ETHNICITIES: [&str; 3] = ["A", "B", "C"];

#[derive(Debug)]
struct Synthetic {
    rows: usize,
    noise: f64,
    leak: f64,
    label_noise: f64,
    unknown: f64,
}

pub(super) fn build(parameters: &Parameters) -> Result<Box<dyn Loader>, CatalogError> {
    Ok(Box::new(Synthetic {
        rows: parameters.count("rows"),
        noise: parameters.number("noise"),
        leak: parameters.number("leak"),
        label_noise: parameters.number("label_noise"),
        unknown: parameters.number("unknown"),
    }))
}

fn normal(rng: &mut impl Rng) -> f64 {
    rng.sample(StandardNormal)
}

impl Loader for Synthetic {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn load(&self, request: &LoadRequest) -> Result<Dataset, DataError> {
        let mut data = self.draw(request.seed);
        keep_attributes(&mut data, request.schema)?;
        Ok(data)
    }
}

impl Synthetic {
    fn draw(&self, seed: u64) -> Dataset {
        let mut rng = generator(seed, 0x5e_ed);
        let mut inputs = vec![Vec::with_capacity(self.rows); CUES.len()];
        let (mut genders, mut ethnicities, mut persons, mut jobs, mut devices, mut scores) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut person = 0_u32;
        while scores.len() < self.rows {
            let gender = u32::from(rng.random_bool(0.5));
            let ethnicity: u32 = match rng.random::<f64>() {
                draw if draw < 0.55 => 0,
                draw if draw < 0.82 => 1,
                _ => 2,
            };
            let unknown = rng.random_bool(self.unknown);
            let standing = normal(&mut rng);
            let interviews = match rng.random::<f64>() {
                draw if draw < 0.75 => 1,
                draw if draw < 0.95 => 2,
                _ => 3,
            };
            for _ in 0..interviews.min(self.rows - scores.len()) {
                let quality = 0.9 * standing + (1.0 - 0.81_f64).sqrt() * normal(&mut rng);
                let gender_sign = if gender == 0 { 1.0 } else { -1.0 };
                let ethnicity_sign = f64::from(ethnicity) - 1.0;
                for (values, Cue(_, centre, spread, of_quality, of_gender, of_ethnicity)) in inputs.iter_mut().zip(&CUES) {
                    let group = self.leak * (of_gender * gender_sign + of_ethnicity * ethnicity_sign);
                    values.push(centre + spread * (of_quality * quality + group + self.noise * normal(&mut rng)));
                }
                let rating = (1.0 - self.label_noise).sqrt() * quality + self.label_noise.sqrt() * normal(&mut rng);
                scores.push((0.5 + 0.15 * rating).clamp(0.0, 1.0));
                genders.push(gender);
                ethnicities.push(if unknown { UNKNOWN } else { ethnicity });
                persons.push(person);
                jobs.push(rng.random_range(0..JOBS.len() as u32));
                devices.push(rng.random_range(0..DEVICES.len() as u32));
            }
            person += 1;
        }
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<String>>();
        let mut features: Vec<Feature> = inputs
            .into_iter()
            .zip(&CUES)
            .map(|(values, cue)| Feature { name: cue.0.to_owned(), values: Values::Numeric(values), sensitive: false })
            .collect();
        features.push(Feature {
            name: "device".to_owned(),
            values: Values::Categorical { levels: names(&DEVICES), codes: devices },
            sensitive: false,
        });
        Dataset {
            name: CARD.id.to_owned(),
            features,
            label: Some(Label { name: "score".to_owned(), kind: LabelKind::Continuous, values: scores, scale: Scale::default() }),
            targets: Vec::new(),
            sensitive: vec![Groups::new("gender", names(&["f", "m"]), genders), Groups::new("ethnicity", names(&ETHNICITIES), ethnicities)],
            person: Some(Identity {
                name: "person".to_owned(),
                levels: (1..=person).map(|number| format!("p{number:06}")).collect(),
                codes: persons,
            }),
            job: Some(Identity { name: "job".to_owned(), levels: names(&JOBS), codes: jobs }),
            weights: None,
            recordings: None,
            parts: None,
            rows: (1..=self.rows as u64).collect(),
            provenance: Provenance {
                loader: CARD.id.to_owned(),
                files: Vec::new(),
                notes: vec![format!("drawn from seed {seed}; no real person stands behind any row")],
            },
        }
    }
}
