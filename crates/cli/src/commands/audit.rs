//! `audit`: scores that somebody already holds, read from files.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{anyhow, bail};
use evenhand_audit::settings::{self, DecisionRule, IntervalSection, MetricsSection};
use evenhand_audit::{AuditSettings, AuditStream, Selection};
use evenhand_data::loaders::faircv_2020;
use evenhand_data::table::{self, Counted, ScoreRoles, TableSettings};
use evenhand_experiment::write;
use evenhand_report::{Report, limits};
use evenhand_rows::{FileDigest, LabelRole, Provenance, Scored, SensitiveRole};

use super::{Outcome, grid, law, told_written};
use crate::args::{Audit, Convention, Definition, Judge, Threshold, Top};
use crate::reading::{label_threshold, names, told_favourable};

pub(crate) fn audit(arguments: &Audit, json: bool) -> anyhow::Result<Outcome> {
    arguments.out.as_deref().map_or(Ok(()), write::refuse_no_folder)?;
    if arguments.rule.law.is_some() {
        return law::audit(arguments, json);
    }
    refuse_rule_columns(arguments)?;
    if arguments.selected.is_some() != arguments.applicants.is_some() {
        bail!("--selected without --law is a column of numbers and needs --applicants; name a column of decisions with --score");
    }
    let particulars = law::details(arguments, None)?.map(|(_, details)| match details.beyond_particulars() {
        Some(key) => Err(anyhow!("`{key}` in the details has a meaning for a rule of law alone; add --law, or leave it out")),
        None => Ok(details.particulars),
    });
    let particulars = particulars.transpose()?;
    let tables = arguments.reading.settings(&arguments.files)?;
    let roles = roles(arguments, &tables)?;
    let settings = AuditSettings { particulars, ..settings(arguments, &roles)? };
    let report =
        if arguments.stream { streamed(arguments, &roles, settings, &tables)? } else { whole(arguments, &roles, &settings, &tables)? };
    let written = arguments.out.as_ref().map(|folder| evenhand_experiment::write_report(&report, folder)).transpose()?;
    grid::show(&report, json)?;
    if let Some(written) = written {
        told_written(&written);
    }
    Ok(Outcome::of(&report))
}

/// Columns that a rule of law alone reads, given without a rule.
fn refuse_rule_columns(arguments: &Audit) -> anyhow::Result<()> {
    let rule = &arguments.rule;
    let given: Vec<&str> = [("--sex", &rule.sex), ("--race", &rule.race), ("--hispanic", &rule.hispanic), ("--hired", &rule.hired)]
        .into_iter()
        .filter_map(|(flag, column)| column.as_ref().map(|_| flag))
        .collect();
    let (Some(last), before) = (given.last(), given.len().saturating_sub(1)) else { return Ok(()) };
    let (flags, are) = match before {
        0 => ((*last).to_owned(), "names a column"),
        _ => (format!("{} and {last}", given[..before].join(", ")), "name columns"),
    };
    bail!("{flags} {are} for a rule of law; say which rule with --law (`evenhand catalog` lists them), or compare by columns with --group")
}

/// A column of strata that another part of the question names: within its values there would be nothing to compare.
fn refuse_strata_of_answers(arguments: &Audit, strata: &[SensitiveRole]) -> anyhow::Result<()> {
    let taken = [
        ("--score", Some(&arguments.score)),
        ("--label", arguments.label.as_ref()),
        ("--selected", arguments.selected.as_ref()),
        ("--applicants", arguments.applicants.as_ref()),
        ("--weight", arguments.weight.as_ref()),
        ("--count", arguments.count.as_ref()),
        ("--person", arguments.person.as_ref()),
    ];
    for column in strata.iter().flat_map(|role| &role.columns) {
        if let Some((flag, _)) = taken.iter().find(|(_, named)| *named == Some(column)) {
            bail!(
                "--by {column}: the column is named by {flag}, too; name one that parts the rows by what they are, such as the job or the site"
            );
        }
    }
    Ok(())
}

pub(super) fn roles(arguments: &Audit, tables: &TableSettings) -> anyhow::Result<ScoreRoles> {
    if arguments.groups.is_empty() && arguments.rule.law.is_none() {
        bail!("no sensitive attribute; name its column with --group, for example --group gender");
    }
    if let Some(flag) = [("--group", &arguments.groups), ("--by", &arguments.by)]
        .into_iter()
        .find_map(|(flag, columns)| columns.iter().any(|column| column.trim().is_empty()).then_some(flag))
    {
        bail!("{flag}: the name is blank; give the name of a column");
    }
    let known = if arguments.files.iter().any(|file| is_npy(file)) { Vec::new() } else { table::columns(&arguments.files, &tables.file)? };
    let roles = ScoreRoles {
        score: arguments.score.clone(),
        counted: arguments
            .applicants
            .clone()
            .zip(arguments.selected.clone())
            .map(|(applicants, selected)| Counted { applicants, selected }),
        // Strata are read as attributes are; which of them they are stands in the settings.
        groups: arguments.groups.iter().chain(&arguments.by).map(|text| SensitiveRole::parse(text, &known)).collect::<Result<_, _>>()?,
        label: arguments.label.clone().map(|column| LabelRole {
            column,
            favourable: arguments.favourable.clone(),
            undecided: arguments.undecided.clone(),
            range: arguments.label_range,
        }),
        weight: arguments.weight.clone(),
        count: arguments.count.clone(),
        person: arguments.person.clone(),
        missing: arguments.reading.missing.clone(),
        categories: arguments.reading.categories()?,
        favourable: arguments.favourable.clone(),
        undecided: arguments.undecided.clone(),
        range: arguments.range,
        lower_is_better: arguments.lower_is_better,
        decisions: arguments.selected.is_some() && arguments.applicants.is_none(),
        skip_unscored: arguments.skip_unscored,
    };
    Ok(roles)
}

/// What is asked, with thresholds on the scale of the scores as they are read, 0 to 1.
pub(super) fn settings(arguments: &Audit, roles: &ScoreRoles) -> anyhow::Result<AuditSettings> {
    let scale = roles.scale()?;
    let (low, high) = (scale.low, scale.high);
    let threshold = match arguments.threshold {
        Some(Threshold::Value(threshold)) => threshold,
        Some(Threshold::Median) | None => f64::midpoint(low, high),
    };
    if !(low..=high).contains(&threshold) {
        bail!(
            "threshold = {threshold} is not a possible score: scores lie between {low} and {high}; give another threshold, or the range of the \
             scores with --range LOW,HIGH"
        );
    }
    let model = arguments.model.as_deref().map(evenhand_experiment::model::digest).transpose()?;
    let own = serde_json::json!({
        "score": arguments.score,
        "groups": arguments.groups,
        "label": arguments.label,
        "favourable": told_favourable(&arguments.favourable),
        "weight": arguments.weight,
        "missing": arguments.reading.missing,
        "range": arguments.range,
    });
    let said = [
        ("label_range", serde_json::json!(arguments.label_range)),
        ("undecided", serde_json::json!(arguments.undecided)),
        ("lower_is_better", serde_json::json!(arguments.lower_is_better)),
        ("count", serde_json::json!(arguments.count)),
        ("person", serde_json::json!(arguments.person)),
        ("applicants", serde_json::json!(arguments.applicants)),
        ("selected", serde_json::json!(arguments.selected)),
        ("skip_unscored", serde_json::json!(arguments.skip_unscored)),
        ("model", serde_json::json!(model)),
    ];
    let compared: Vec<&str> = roles.groups.iter().map(|role| role.name.as_str()).collect();
    refuse_strata_of_answers(arguments, &roles.groups[roles.groups.len() - arguments.by.len()..])?;
    if let Some(twice) = compared.iter().enumerate().find(|(place, name)| compared[..*place].contains(name)) {
        let strata = compared.len() - arguments.by.len();
        let first = compared.iter().position(|name| name == twice.1).unwrap_or_default();
        let flags = match (first < strata, twice.0 < strata) {
            (true, true) => "--group",
            (false, false) => "--by",
            _ => "--group and --by",
        };
        bail!("`{}` is named twice by {flags}; name it once", twice.1);
    }
    let settings = AuditSettings {
        title: arguments.title.clone().unwrap_or_else(|| format!("Audit of {}", names(&arguments.files))),
        metrics: MetricsSection {
            threshold: scale.to_unit(threshold),
            // "The best three deciles" include the third: where lower is better a threshold is the last that is selected.
            decision_rule: if arguments.at_or_above || arguments.lower_is_better { DecisionRule::AtOrAbove } else { DecisionRule::Above },
            label_threshold: label_threshold("--label-threshold", arguments.label_threshold, arguments.label_range)?,
            convention: match arguments.convention {
                Convention::Evenhand => settings::Convention::Evenhand,
                Convention::Fairlearn => settings::Convention::Fairlearn,
                Convention::Aif360 => settings::Convention::Aif360,
            },
            definition: match arguments.definition {
                Definition::Exact => settings::Definition::Exact,
                Definition::Grid => settings::Definition::Grid,
            },
            privileged: arguments.privileged.iter().cloned().collect(),
            minimum_group_size: arguments.minimum_group_size,
            ..MetricsSection::default()
        },
        intervals: IntervalSection {
            level: arguments.level,
            replicates: arguments.replicates,
            permutations: arguments.permutations,
            seed: arguments.seed,
        },
        limits: super::metric_limits(&arguments.limits, scale)?,
        judge: match arguments.judge {
            Judge::Value => limits::Judge::Value,
            Judge::Interval => limits::Judge::Interval,
        },
        strata: roles.groups.iter().skip(arguments.groups.len()).map(|role| role.name.clone()).collect(),
        particulars: None,
        selection: match (arguments.top, arguments.threshold) {
            (Some(Top::Count(count)), _) => Selection::Top(count),
            (Some(Top::Share(share)), _) => Selection::TopShare(share),
            (None, Some(Threshold::Median)) => Selection::Median,
            _ => Selection::Threshold,
        },
        reading: arguments.reading.told(&own, &said),
    };
    settings.check()?;
    Ok(settings)
}

pub(super) fn is_npy(file: &str) -> bool {
    Path::new(file).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("npy"))
}

fn whole(arguments: &Audit, roles: &ScoreRoles, settings: &AuditSettings, tables: &TableSettings) -> anyhow::Result<Report> {
    let scored = read(&arguments.files, roles, tables)?;
    refuse_twice(&scored.provenance.files)?;
    Ok(evenhand_audit::audit(&scored, settings)?)
}

pub(super) fn read(files: &[String], roles: &ScoreRoles, tables: &TableSettings) -> anyhow::Result<Scored> {
    match files {
        [file] if is_npy(file) => Ok(faircv_2020::read_scores(Path::new(file), roles)?),
        files => match files.iter().find(|file| is_npy(file)) {
            Some(file) => bail!("{file} cannot be read together with other files; audit it on its own"),
            None => Ok(table::read_scores(files, roles, tables)?),
        },
    }
}

/// Refuses files of the same content: rows that count twice would narrow every interval.
pub(super) fn refuse_twice(files: &[FileDigest]) -> anyhow::Result<()> {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for file in files {
        if let Some(other) = seen.insert(&file.sha256, &file.name) {
            bail!("{} has the same content as {other}; leave one of them out, its rows would count twice", file.name);
        }
    }
    Ok(())
}

fn streamed(arguments: &Audit, roles: &ScoreRoles, settings: AuditSettings, tables: &TableSettings) -> anyhow::Result<Report> {
    if arguments.skip_unscored {
        bail!("--skip-unscored reads the whole file, so it cannot be used with --stream");
    }
    if arguments.top.is_some() || arguments.threshold == Some(Threshold::Median) {
        bail!(
            "the top scores and the median are known only once all are read, so neither can be used with --stream; leave out --stream, or give a \
             number as --threshold"
        );
    }
    if let Some(file) = arguments.files.iter().find(|file| is_npy(file)) {
        bail!("{file} cannot be read in chunks; leave out --stream");
    }
    let mut chunks = table::stream_scores(&arguments.files, roles, tables)?;
    let mut stream = AuditStream::new(settings)?;
    for chunk in &mut chunks {
        stream.add(&chunk?)?;
    }
    refuse_twice(chunks.digests())?;
    // A part of a file may lack what the whole must have.
    for role in &roles.groups {
        if let Some(level) = role.rule.as_deref().and_then(|rule| rule.strip_prefix("= "))
            && stream.rows_of(&role.name, level) == 0
        {
            bail!("--group \"{}\": no row of the files has the group `{level}`", role.name);
        }
    }
    if stream.label_sum() == Some(0.0) && !arguments.favourable.is_empty() {
        bail!(
            "no row of the files has the favourable value `{}` in the label column; check its spelling",
            arguments.favourable.join("` or `")
        );
    }
    let provenance = Provenance { loader: "table".to_owned(), files: chunks.digests().to_vec(), notes: chunks.notes() };
    Ok(stream.finish(arguments.label.as_deref(), &provenance)?)
}
