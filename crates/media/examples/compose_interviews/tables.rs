//! The tables of a corpus: the manifest, the planted facts, and the broken files.

use std::path::Path;

use crate::faces::Face;
use crate::picture::Appearance;
use crate::score::Plan;
use crate::transcripts::{Clip, TRAITS};
use crate::voice::{Manner, Spoken};
use crate::{Outcome, write_whole};

fn number(value: f64) -> String {
    format!("{value:.6}")
}

fn write_table(path: &Path, rows: Vec<Vec<String>>) -> Outcome<()> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(row)?;
    }
    write_whole(path, &writer.into_inner()?)
}

fn header(names: &[&str]) -> Vec<Vec<String>> {
    vec![names.iter().map(|&name| name.to_owned()).collect()]
}

/// Writes `manifest.csv`, `facts.csv` and `broken.csv`.
pub(crate) fn write(folder: &Path, plans: &[Plan], spoken: &[Spoken], clips: &[Clip], faces: &[Face]) -> Outcome<()> {
    let names = ["id", "file", "person", "job", "interview"].iter().chain(&TRAITS).chain(&[
        "gender",
        "age_band",
        "ethnicity",
        "transcript",
        "language",
    ]);
    let mut manifest = header(&names.copied().collect::<Vec<_>>());
    let mut facts = header(&[
        "id",
        "person",
        "interview",
        "voice",
        "picture",
        "words",
        "noise",
        "transcript_score",
        "speech_rate",
        "word_gap",
        "pitch",
        "pitch_range",
        "loudness",
        "speech_seconds",
        "spoken_words",
        "light",
        "flicker",
        "movement",
        "gender",
        "age",
        "ethnicity",
        "espeak_voice",
        "face",
        "clip",
        "container",
    ]);
    let mut broken = header(&["id", "file", "kind"]);
    for (plan, spoken) in plans.iter().zip(spoken) {
        let (face, clip) = (&faces[plan.face], &clips[plan.clip]);
        let mut row = vec![plan.id.clone(), plan.file(), plan.person.clone(), plan.job.to_owned(), number(plan.score)];
        row.extend((0..TRAITS.len()).map(|place| plan.traits.map_or_else(String::new, |traits| number(traits[place]))));
        row.extend([face.gender.to_string(), face.age_band().to_owned(), face.ethnicity.to_owned(), spoken.text.clone(), "en".to_owned()]);
        manifest.push(row);
        let (manner, appearance) = (Manner::new(plan.parts.voice), Appearance::new(plan.parts.picture));
        facts.push(vec![
            plan.id.clone(),
            plan.person.clone(),
            number(plan.score),
            number(plan.parts.voice),
            number(plan.parts.picture),
            number(plan.parts.words),
            number(plan.parts.noise),
            number(clip.interview),
            manner.rate.to_string(),
            manner.gap.to_string(),
            plan.pitch.to_string(),
            manner.pitch_range.to_string(),
            number(manner.decibel),
            number(spoken.seconds),
            spoken.text.split(' ').count().to_string(),
            number(appearance.light),
            number(appearance.flicker),
            number(appearance.movement),
            face.gender.to_string(),
            face.age.to_string(),
            face.ethnicity.to_owned(),
            plan.voice.clone(),
            face.file.clone(),
            clip.id.clone(),
            plan.container.extension().to_owned(),
        ]);
        if let Some(fault) = plan.fault {
            broken.push(vec![plan.id.clone(), plan.file(), fault.to_string()]);
        }
    }
    write_table(&folder.join("manifest.csv"), manifest)?;
    write_table(&folder.join("facts.csv"), facts)?;
    write_table(&folder.join("broken.csv"), broken)
}
