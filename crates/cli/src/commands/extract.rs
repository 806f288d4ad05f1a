//! `extract`: recordings in, a folder of tensors out; or a report on such a folder.

use std::path::Path;

use anyhow::Context;
use evenhand_experiment::extraction;
use evenhand_experiment::media::extract::settings::{AudioPooling, Detector, Draw, Encoder, Settings, TextPooling};
use evenhand_experiment::media::extract::{self, Options, Summary};
use evenhand_experiment::media::manifest::{Manifest, Source};
use evenhand_experiment::media::video::Decoder;
use evenhand_report::{ExtractionReport, views};
use evenhand_rows::RowsError;

use super::{Outcome, grid};
use crate::args::{Extract, ExtractedModality, FaceDetector, FrameDraw, SoundPooling, WordPooling};
use crate::printer;
use crate::progress::CandidatesBar;

/// Failures that are told one by one.
const FAILURES_TOLD: usize = 10;

pub(crate) fn extract(arguments: &Extract, threads: Option<u16>, json: bool) -> anyhow::Result<Outcome> {
    if let Some(folder) = &arguments.report {
        let report = extraction::report(folder, &arguments.sensitive)?;
        show(&report, json)?;
        return Ok(outcome(arguments, report.failed_share()));
    }
    if arguments.show_settings {
        printer::text(&settings(arguments)?.to_toml()?)?;
        return Ok(Outcome::Fine);
    }
    let manifest = arguments.manifest.as_deref().context("name the manifest")?;
    let out = arguments.out.as_deref().context("name a folder with --out")?;
    let settings = settings(arguments)?;
    let manifest = Manifest::read(manifest)?;
    check_sensitive(&manifest, &arguments.sensitive)?;
    if manifest.rows.iter().any(|row| matches!(row.source, Source::File(_))) {
        warn_of_missing_defences();
    }
    let bar = CandidatesBar::new();
    let summary = extract::extract(
        &manifest,
        &settings,
        out,
        Options {
            jobs: super::jobs(arguments.jobs, threads),
            interrupted: grid::interrupted()?,
            observer: &bar,
            retry_failed: arguments.retry_failed,
            replace: arguments.replace,
            drop_away: arguments.drop_away,
        },
    );
    bar.clear();
    let summary = summary?;
    tell(&summary, out)?;
    show(&extraction::report(out, &arguments.sensitive)?, json)?;
    if summary.extracted == 0 {
        anyhow::bail!("none of the {} candidates could be extracted; the reasons stand above", summary.candidates);
    }
    // What stands there is not all of what these files would give: nobody should take it for an ordinary end.
    let ended = outcome(arguments, summary.failed_share());
    Ok(if summary.kept > 0 { Outcome::LimitBreached } else { ended })
}

/// Recordings come from strangers: whoever decodes them with fewer walls around should know before.
pub(super) fn warn_of_missing_defences() {
    for missing in Decoder::missing_defences() {
        printer::tell(&format!("WARNING: this system lacks {missing}; decode recordings of strangers on another one"));
    }
}

fn outcome(arguments: &Extract, failed_share: f64) -> Outcome {
    match arguments.max_failures {
        Some(most) if failed_share > most => {
            let percent = |share: f64| share * 100.0;
            printer::tell(&format!("{:.1} % have no record, more than the limit of {:.1} %", percent(failed_share), percent(most)));
            Outcome::LimitBreached
        }
        _ => Outcome::Fine,
    }
}

/// A plain column that the manifest lacks would be noticed only after hours of work.
fn check_sensitive(manifest: &Manifest, sensitive: &[String]) -> anyhow::Result<()> {
    let plain = |name: &&String| name.chars().all(|sign| sign.is_alphanumeric() || "_-.".contains(sign));
    if let Some(name) = sensitive.iter().filter(plain).find(|name| !manifest.columns.contains(name)) {
        return Err(RowsError::missing_column(&manifest.path.display().to_string(), name, &manifest.columns).into());
    }
    Ok(())
}

fn settings(arguments: &Extract) -> anyhow::Result<Settings> {
    let mut settings = arguments.settings.as_deref().map_or_else(|| Ok(Settings::default()), Settings::read)?;
    let face = &mut settings.face;
    if let Some(weights) = &arguments.weights {
        face.weights = Some(weights.clone());
        face.detector = Detector::Mtcnn;
    }
    if let Some(boxes) = &arguments.boxes {
        face.boxes = Some(boxes.clone());
        face.detector = Detector::Boxes;
    }
    if let Some(detector) = arguments.detector {
        face.detector = match detector {
            FaceDetector::Mtcnn => Detector::Mtcnn,
            FaceDetector::Centre => Detector::Centre,
            FaceDetector::Boxes => Detector::Boxes,
        };
    }
    face.floor = arguments.face_floor.unwrap_or(face.floor);
    if !arguments.modalities.is_empty() {
        let wanted = |modality: &ExtractedModality| match modality {
            ExtractedModality::Video => extract::Modality::Video,
            ExtractedModality::Audio => extract::Modality::Audio,
            ExtractedModality::Text => extract::Modality::Text,
        };
        settings.modalities = arguments.modalities.iter().map(wanted).collect();
    }
    settings.segments = arguments.segments.unwrap_or(settings.segments);
    settings.seed = arguments.seed.unwrap_or(settings.seed);
    settings.side = arguments.side.unwrap_or(settings.side);
    if let Some(draw) = arguments.draw {
        settings.draw = match draw {
            FrameDraw::Random => Draw::Random,
            FrameDraw::Centre => Draw::Centre,
        };
    }
    if let Some(pooling) = arguments.audio_pooling {
        settings.audio.pooling = match pooling {
            SoundPooling::Window30 => AudioPooling::Window30,
            SoundPooling::Pool30 => AudioPooling::Pool30,
            SoundPooling::Meanstd30 => AudioPooling::Meanstd30,
        };
    }
    if let Some(folder) = &arguments.text_model {
        settings.text.folder = Some(folder.clone());
        settings.text.encoder = Encoder::Bert;
    }
    if let Some(pooling) = arguments.text_pooling {
        settings.text.pooling = match pooling {
            WordPooling::ClsPooler => TextPooling::ClsPooler,
            WordPooling::Cls => TextPooling::Cls,
            WordPooling::Mean => TextPooling::Mean,
            WordPooling::UnitMean => TextPooling::UnitMean,
        };
    }
    if let Some(command) = &arguments.recogniser {
        settings.transcript.recogniser = Some(command.clone());
    }
    Ok(settings)
}

fn tell(summary: &Summary, out: &Path) -> anyhow::Result<()> {
    if summary.found > 0 {
        printer::tell(&format!("{} of {} candidates were found finished.", summary.found, summary.candidates));
    }
    let failures = extraction::failures(out)?;
    for failure in failures.iter().take(FAILURES_TOLD) {
        printer::tell(&format!("no record: {failure}"));
    }
    if failures.len() > FAILURES_TOLD {
        printer::tell(&format!(
            "... and {} more; columns `status` and `status_detail` of {}",
            failures.len() - FAILURES_TOLD,
            out.join("candidates.parquet").display()
        ));
    }
    let kept = if summary.kept > 0 { format!(", {} kept", summary.kept) } else { String::new() };
    printer::tell(&format!("{} of {} candidates extracted into {}{kept}", summary.extracted, summary.candidates, out.display()));
    Ok(())
}

fn show(report: &ExtractionReport, json: bool) -> anyhow::Result<()> {
    if json {
        return printer::json(&serde_json::to_value(report)?);
    }
    for note in &report.notes {
        printer::tell(&format!("note: {note}"));
    }
    for table in views::extraction::tables(report) {
        printer::table(&table)?;
    }
    Ok(())
}
