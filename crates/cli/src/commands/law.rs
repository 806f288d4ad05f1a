//! `audit --law`: the tables that a rule asks for, and the details that only a person can tell.

use std::fs::File;
use std::io::Read as _;

use anyhow::{Context as _, bail};
use evenhand_audit::law::{self, Details, LawSettings, Preset, Roles};
use evenhand_audit::{AuditSettings, Selection};
use evenhand_catalog::limits::DETAILS_BYTES;
use evenhand_data::table;
use evenhand_report::views::{law as views, tables};
use evenhand_report::{Law, Report};
use evenhand_rows::SensitiveRole;

use super::Outcome;
use super::audit::{is_npy, read, refuse_twice, roles as plain_roles, settings as plain_settings};
use crate::args::Audit;
use crate::printer;

/// The details of an audit and the bytes of their file, where one is named; those of a rule hold what it wants.
pub(super) fn details(arguments: &Audit, rule: Option<&Preset>) -> anyhow::Result<Option<(Vec<u8>, Details)>> {
    let Some(path) = &arguments.rule.details else { return Ok(None) };
    let named = || format!("--details {}", path.display());
    let mut bytes = Vec::new();
    let file = File::open(path).with_context(named)?;
    file.take(DETAILS_BYTES.most().saturating_add(1)).read_to_end(&mut bytes).with_context(named)?;
    DETAILS_BYTES.check(bytes.len() as u64).with_context(named)?;
    let text = std::str::from_utf8(&bytes).context("the file is not UTF-8").with_context(named)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let details = rule.map_or_else(|| Details::parse(text), |preset| Details::parse_for(preset, text)).with_context(named)?;
    Ok(Some((bytes, details)))
}

pub(super) fn audit(arguments: &Audit, json: bool) -> anyhow::Result<Outcome> {
    let preset = law::find(arguments.rule.law.as_deref().unwrap_or_default()).context("--law")?;
    if arguments.rule.example_details {
        printer::text(&preset.example())?;
        return Ok(Outcome::Fine);
    }
    let (bytes, details) = details(arguments, Some(preset))?.unzip();
    let details = details.unwrap_or_default();
    refuse_missing(preset, &details)?;
    arguments.out.as_deref().map_or(Ok(()), evenhand_experiment::refuse_law_strangers)?;
    let report = made(arguments, preset, details)?;
    let written = arguments.out.as_ref().map(|folder| {
        let path = arguments.rule.details.as_ref().and_then(|path| path.file_name()).map(|name| name.to_string_lossy().into_owned());
        evenhand_experiment::write_law(&report, path.as_deref().zip(bytes.as_deref()), folder)
    });
    let written = written.transpose()?;
    show(&report, json)?;
    if let Some(files) = written {
        printer::tell(&format!(
            "Summary: {} (for publication); working papers: {}; digests: {}",
            files.summary.display(),
            files.workpapers.display(),
            files.manifest.display()
        ));
    }
    Ok(Outcome::of(&report))
}

/// Refuses details that lack what the rule asks for, with all of it at once.
fn refuse_missing(preset: &Preset, details: &Details) -> anyhow::Result<()> {
    let missing = details.missing(preset);
    if missing.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = missing.iter().map(|key| format!("  {} = \"...\"  # {}", key.key, key.holds)).collect();
    let id = preset.card.id;
    bail!(
        "{id} asks for what no file of rows tells; give it with --details FILE, where these lines are missing:\n{}\n`evenhand audit --law {id} \
         --example-details` prints a whole file to be filled in",
        lines.join("\n")
    )
}

fn made(arguments: &Audit, preset: &'static Preset, details: Details) -> anyhow::Result<Report> {
    if let Some(file) = arguments.files.iter().find(|file| is_npy(file)) {
        bail!("{file}: --law reads tables; arrays hold no columns of sex or race in words");
    }
    let settings = arguments.reading.settings(&arguments.files)?;
    let known = table::columns(&arguments.files, &settings.file)?;
    let rule = &arguments.rule;
    let decisions = arguments.selected.is_some();
    let classes = arguments.selected.as_ref().filter(|_| !details.classifications.is_empty());
    if classes.is_some() && !arguments.favourable.is_empty() {
        bail!("`classifications` in the details name the selections; leave out --favourable");
    }
    if classes.is_some() && arguments.applicants.is_some() {
        bail!("`classifications` in the details name values of a column of decisions, and --applicants and --selected are numbers");
    }
    let mut groups: Vec<SensitiveRole> =
        arguments.groups.iter().map(|text| SensitiveRole::parse(text, &known)).collect::<Result<_, _>>()?;
    let mut roles = Roles { others: (0..groups.len()).collect(), ..Roles::default() };
    let mut add = |column: &Option<String>| {
        column.as_ref().map(|column| {
            groups.push(SensitiveRole { name: column.clone(), columns: vec![column.clone()], rule: None });
            groups.len() - 1
        })
    };
    roles.sex = add(&rule.sex);
    roles.race = add(&rule.race);
    roles.hispanic = add(&rule.hispanic);
    roles.hired = add(&rule.hired);
    roles.classes = add(&classes.cloned());
    for by in &arguments.by {
        groups.push(SensitiveRole::parse(by, &known)?);
        roles.by.push(groups.len() - 1);
    }
    if let Some(twice) = groups.iter().enumerate().find(|(place, role)| groups[..*place].iter().any(|other| other.name == role.name)) {
        bail!(
            "`{}` is named for two things among --sex, --race, --hispanic, --hired, --group, --by and the column of classes; name another column",
            twice.1.name
        );
    }
    let mut score_roles = plain_roles(arguments, &settings)?;
    score_roles.groups = groups;
    if let Some(column) = arguments.selected.as_ref().filter(|_| arguments.applicants.is_none()) {
        score_roles.score.clone_from(column);
    }
    if classes.is_some() {
        score_roles.favourable.clone_from(&details.classifications);
    }
    let asked = plain_settings(arguments, &score_roles)?;
    let scored = read(&arguments.files, &score_roles, &settings);
    // The classes are read as the favourable values of the column.
    let scored = if classes.is_some() { scored.context("`classifications` in the details")? } else { scored? };
    refuse_twice(&scored.provenance.files)?;
    // Without a threshold of its own, scores are held against their median.
    let own = arguments.threshold.is_some() || arguments.top.is_some();
    let selection = if decisions || own { asked.selection } else { Selection::Median };
    let mut asked = AuditSettings { selection, strata: Vec::new(), ..asked };
    for (key, value) in
        [("sex", &rule.sex), ("race", &rule.race), ("hispanic", &rule.hispanic), ("hired", &rule.hired), ("selected", &arguments.selected)]
    {
        if let Some(column) = value {
            asked.reading.insert(key.to_owned(), serde_json::json!(column));
        }
    }
    // A document for the public is headed by what its details tell, unless somebody gave it a heading.
    asked.title = arguments.title.clone().unwrap_or_default();
    if arguments.score.is_empty() {
        asked.reading.remove("score");
    }
    Ok(law::audit(&scored, &LawSettings { preset, details, roles, decisions, audit: asked })?)
}

fn show(report: &Report, json: bool) -> anyhow::Result<()> {
    if json {
        return printer::json_text(&report.to_json()?);
    }
    let report = &*evenhand_report::narrow::narrowed(report, super::grid::LONGEST_NAME);
    for note in &report.notes {
        printer::tell(&format!("note: {note}"));
    }
    let Some(Law { statements, remarks, .. }) = &report.law else { return Ok(()) };
    for remark in remarks {
        printer::tell(&format!("note: {remark}"));
    }
    for table in report.law.iter().flat_map(views::tables) {
        printer::table(&table)?;
    }
    for statement in statements {
        printer::text(&printer::printable(&format!("- {statement}\n")))?;
    }
    printer::table(&tables::limits_table(report))
}
