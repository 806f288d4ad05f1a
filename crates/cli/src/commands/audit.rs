//! `audit`: scores that somebody already holds.

use std::collections::BTreeMap;
use std::path::Path;

use evenhand_audit::ScoresRequest;
use evenhand_audit::settings::{ConventionName, DecisionRuleName, DefinitionName, IntervalSection, MetricsSection};

use super::{Outcome, grid};
use crate::args::{Audit, Convention, Definition};
use crate::printer;

pub(crate) fn audit(arguments: Audit, json: bool) -> anyhow::Result<Outcome> {
    let out = arguments.out.clone();
    let limits = super::limits(&arguments.limits)?;
    let report = evenhand_audit::audit(&ScoresRequest { limits, ..request(arguments) })?;
    let written = out.map(|folder| evenhand_experiment::write_report(&report, &folder)).transpose()?;
    grid::show(&report, json)?;
    if let Some((file, page)) = written {
        printer::tell(&format!("Report: {} (open it in a browser), {}", page.display(), file.display()));
    }
    Ok(if report.breaches_a_limit() { Outcome::LimitBreached } else { Outcome::Fine })
}

fn request(arguments: Audit) -> ScoresRequest {
    ScoresRequest {
        title: arguments.title.unwrap_or_else(|| format!("Audit of {}", names(&arguments.files))),
        files: arguments.files,
        score: arguments.score,
        groups: arguments.groups,
        label: arguments.label,
        favourable: arguments.favourable,
        weight: arguments.weight,
        missing: arguments.missing,
        range: arguments.range,
        top: arguments.top,
        skip_unscored: arguments.skip_unscored,
        metrics: MetricsSection {
            threshold: arguments.threshold.unwrap_or_else(|| {
                let (low, high) = arguments.range.unwrap_or((0.0, 1.0));
                f64::midpoint(low, high)
            }),
            decision_rule: if arguments.at_or_above { DecisionRuleName::AtOrAbove } else { DecisionRuleName::Above },
            label_threshold: arguments.label_threshold,
            convention: match arguments.convention {
                Convention::Evenhand => ConventionName::Evenhand,
                Convention::Fairlearn => ConventionName::Fairlearn,
                Convention::Aif360 => ConventionName::Aif360,
            },
            definition: match arguments.definition {
                Definition::Exact => DefinitionName::Exact,
                Definition::Grid => DefinitionName::Grid,
            },
            privileged: arguments.privileged.into_iter().collect(),
            minimum_group_size: arguments.minimum_group_size,
            ..MetricsSection::default()
        },
        intervals: IntervalSection {
            level: arguments.level,
            replicates: arguments.replicates,
            permutations: arguments.permutations,
            seed: arguments.seed,
        },
        limits: BTreeMap::new(),
        stream: arguments.stream,
    }
}

/// File names without their folders, which say nothing to whoever reads the report.
fn names(files: &[String]) -> String {
    let name = |file: &String| Path::new(file).file_name().map_or_else(|| file.clone(), |name| name.to_string_lossy().into_owned());
    files.iter().map(name).collect::<Vec<_>>().join(", ")
}
