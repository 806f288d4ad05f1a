//! Rules of law: which tables of rates each asks for, made of rows in memory.
//!
//! A rule is a [`Preset`] of the registry [`LAWS`], one file each. [`audit`] takes scores or decisions with their groups and what a person told
//! ([`Details`]) and answers with a report whose [`Law`](evenhand_report::Law) holds the tables that are published and the remarks that are not.
//! [`skeletons`] makes documents of a report that somebody fills in. Nothing here is a legal opinion: every preset says when and from what it was made.

pub mod categories;
mod dates;
mod details;
mod facts;
pub mod presets;
pub mod skeletons;
mod tables;

use std::collections::BTreeMap;

use evenhand_catalog::{Card, nearest};
use evenhand_metrics::Estimate;
use evenhand_report::limits::Judge;
use evenhand_report::{Counted, GroupSelection, LawTable, LimitCheck, Report, Standing};
use evenhand_rows::roles::words::{known_decision, spelling_key, truth};
use evenhand_rows::{Groups, Scored, UNKNOWN};

pub use dates::Day;
pub use details::{Comparator, Details, Exclude, KEYS, Key};
pub use facts::{Facts, Median};
pub use presets::LAWS;

use crate::numbers::ratio_of;
use crate::scores::{refuse_no_groups, refuse_persons_in, resolved};
use crate::settings::DecisionRule;
use crate::{AuditError, AuditSettings, Selection};

/// The decision of those hired, where it is asked for beside another.
pub const HIRED: &str = "Hired";
/// The attribute of both together.
const BOTH: &str = "sex x race";
/// The key of limits that are judged by the tables of a rule.
pub const IMPACT_RATIO: &str = "impact-ratio";

/// Which rates a rule asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rates {
    /// Of those selected.
    Selection,
    /// Of those selected, or of those above the median score where nobody is selected by a threshold.
    SelectionOrScoring,
}

/// In whose words a rule's categories are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vocabulary {
    /// The categories of EEO-1: every word must be one of them, or be mapped to one.
    Eeo1,
    /// The rows' own.
    AsGiven,
}

/// A rule.
#[derive(Debug, Clone, Copy)]
pub struct Preset {
    /// Id, name, summary and source.
    pub card: &'static Card,
    /// What the rule calls the document, where it has a name for it.
    pub called: Option<&'static str>,
    /// Where it stands.
    pub paragraph: &'static str,
    /// Day on which this preset was made, as YYYY-MM-DD.
    pub made_on: &'static str,
    /// What it was made from, in words.
    pub made_from: &'static str,
    /// Keys of the details that it wants.
    pub wants: &'static [&'static str],
    /// Which rates it asks for.
    pub rates: Rates,
    /// In whose words its categories are.
    pub vocabulary: Vocabulary,
    /// Whether it looks at race and ethnicity alone.
    pub race_only: bool,
    /// Whether it asks for sex and race together as well.
    pub intersections: bool,
    /// Whether its tables are made within jobs (or other strata) as well.
    pub within: bool,
    /// The largest share under which a category may be left out; `None` where none may.
    pub exclusion: Option<f64>,
    /// Names of the columns: people, selected, rate, ratio. The second argument is what is decided.
    pub headings: fn(Counted, &str) -> [&'static str; 4],
    /// Sentences that are published.
    pub statements: fn(&Facts<'_>) -> Vec<String>,
    /// Sentences for whoever publishes.
    pub remarks: fn(&Facts<'_>) -> Vec<String>,
}

impl Preset {
    /// A file of details to be filled in.
    pub fn example(&self) -> String {
        details::example(self)
    }
}

/// The rule with this id, or an error that names the nearest.
pub fn find(id: &str) -> Result<&'static Preset, AuditError> {
    let found = LAWS.iter().find(|preset| preset.card.id == id).copied();
    found.ok_or_else(|| evenhand_catalog::unknown_id(id, LAWS.iter().map(|preset| preset.card)).into())
}

/// What the attributes of the rows are to a rule: places among the groups of the rows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Roles {
    /// Sex.
    pub sex: Option<usize>,
    /// Race and ethnicity.
    pub race: Option<usize>,
    /// Who is of Hispanic origin, whatever their race.
    pub hispanic: Option<usize>,
    /// Values of the decisions, of which the details name some as classes.
    pub classes: Option<usize>,
    /// Who was hired.
    pub hired: Option<usize>,
    /// Jobs or other strata.
    pub by: Vec<usize>,
    /// Further attributes.
    pub others: Vec<usize>,
}

/// What is asked of the rows for a rule.
#[derive(Debug, Clone)]
pub struct LawSettings {
    /// The rule.
    pub preset: &'static Preset,
    /// What a person told.
    pub details: Details,
    /// What the attributes of the rows are.
    pub roles: Roles,
    /// Whether the scores are decisions: 0 or 1.
    pub decisions: bool,
    /// What is measured besides. Without a selection of its own, scores above the median are counted where the rule knows scoring rates.
    pub audit: AuditSettings,
}

/// One decision on every row.
struct Outcome {
    /// What is decided; empty where there is one decision.
    name: String,
    selected: Vec<bool>,
}

/// Audits rows as a rule asks for it.
pub fn audit(scored: &Scored, settings: &LawSettings) -> Result<Report, AuditError> {
    let LawSettings { preset, details, roles, .. } = settings;
    check(scored, settings)?;
    let mut remarks = vec![format!(
        "This preset was made on {} from {}, not from the text of the rule: check the text before anything is published.",
        preset.made_on, preset.made_from
    )];
    let attributes = attributes(scored, settings, &mut remarks)?;
    let mut asked = settings.audit.clone();
    if asked.title.is_empty() {
        asked.title = title(preset, details);
    }
    asked.limits = named_limits(scored, settings, &attributes)?;
    // Further attributes have tables where a rule names none.
    let tabled = |groups: &&Groups| preset.within || ["sex", "race", BOTH].contains(&groups.name());
    let tabled: Vec<Groups> = attributes.iter().filter(tabled).cloned().collect();
    let limits = own_limits(&asked, &tabled)?;
    let (counted, median) = selection(scored, settings, &mut asked)?;
    let outcomes = outcomes(scored, settings, &asked, median, &mut remarks)?;
    let told = tables::Asked { preset, details, counted, level: if asked.intervals.level > 0.0 { asked.intervals.level } else { 0.95 } };
    let pooled = tables::pooled(&told, &outcomes, &tabled, &mut remarks);
    let mut all = pooled.clone();
    if preset.within {
        for &place in &roles.by {
            all.extend(tables::within(&told, &outcomes, &tabled, &scored.groups[place], &mut remarks)?);
        }
    }
    let facts = Facts {
        details,
        rows: scored.len(),
        unscored: scored.unscored,
        decisions: settings.decisions,
        strata: roles.by.iter().map(|&place| (scored.groups[place].name().to_owned(), scored.groups[place].unknown_count())).collect(),
        counted,
        median,
        tables: &all,
        pooled: pooled.len(),
        without: without(preset, roles),
        vocabulary: preset.vocabulary,
        scale: scored.scale,
    };
    let statements = (preset.statements)(&facts);
    remarks.extend((preset.remarks)(&facts));
    remarks.extend(facts.marginals_told());
    remarks.extend(facts.ties_told());
    remarks.extend(facts.few_told());
    remarks.extend(facts.period_told());
    let law = evenhand_report::Law {
        id: preset.card.id.to_owned(),
        name: preset.card.name.to_owned(),
        paragraph: preset.paragraph.to_owned(),
        made_on: preset.made_on.to_owned(),
        made_from: preset.made_from.to_owned(),
        tables: all.clone(),
        statements,
        remarks,
    };
    let mut report = measured(scored, settings, asked, &attributes)?;
    if settings.decisions {
        let words = crate::scores::decision_words(&scored.selecting);
        let words = if scored.selecting.is_empty() || !details.classifications.is_empty() { String::new() } else { format!("{words}, ") };
        report.selected = Some(format!("{words}as the column of decisions says"));
    }
    // These tables leave out what the details leave out: they judge, not the metric of the same name.
    let judged = |check: &LimitCheck| tabled.iter().any(|groups| Some(groups.name()) == check.attribute.as_deref());
    report.limits.retain(|check| check.metric != IMPACT_RATIO || !judged(check));
    report.particulars = Some(details.particulars.clone());
    report.law = Some(law);
    report.limits.extend(limits.iter().flat_map(|(attribute, limit)| {
        pooled
            .iter()
            .filter(move |table| attribute.as_ref().is_none_or(|name| *name == table.attribute))
            .map(|table| check_limit(table, *limit, settings.audit.judge))
    }));
    Ok(report)
}

/// The heading of what is published: the tool, or for whom it was audited, and the rule; never the name of a file.
fn title(preset: &Preset, details: &Details) -> String {
    let of = &details.particulars;
    let called = |subject: String| match (preset.called, subject.is_empty()) {
        (None, true) => preset.card.name.to_owned(),
        (None, false) => format!("{subject}: {}", preset.card.name),
        (Some(called), true) => format!("{called}: {}", preset.card.name),
        (Some(called), false) => format!("{called} of {subject}: {}", preset.card.name),
    };
    let subject = of.tool.iter().chain(&of.client).map(String::as_str).collect::<Vec<_>>().join(", ");
    called(subject)
}

fn request(message: impl Into<String>) -> AuditError {
    AuditError::Request(message.into())
}

/// What can be refused before anything is counted.
fn check(scored: &Scored, settings: &LawSettings) -> Result<(), AuditError> {
    let LawSettings { preset, details, roles, .. } = settings;
    let missing = details.missing(preset);
    if !missing.is_empty() {
        let told: Vec<String> = missing.iter().map(|key| format!("`{}` ({})", key.key, key.holds)).collect();
        return Err(request(format!("the details lack what {} asks for: {}", preset.card.id, told.join("; "))));
    }
    if scored.is_empty() {
        return Err(request("there are no rows"));
    }
    if scored.weights.is_some() {
        return Err(request(format!("`weight`: {} counts people; leave the weights out", preset.card.id)));
    }
    match (roles.sex, roles.race, roles.others.as_slice()) {
        (_, None, _) if preset.race_only => {
            return Err(request(format!("`race`: {} asks for race and ethnicity; name their column", preset.card.id)));
        }
        (Some(_), ..) if preset.race_only => {
            return Err(request(format!("`sex`: {} asks for race and ethnicity alone; leave it out", preset.card.id)));
        }
        (None, None, []) => {
            return Err(request(format!("`sex` and `race`: {} compares people by them; name their columns", preset.card.id)));
        }
        _ => {}
    }
    if roles.hispanic.is_some() && roles.race.is_none() {
        return Err(request("`hispanic` says who is of Hispanic origin whatever their race; name the column of race as well"));
    }
    if roles.hired.is_some() && !preset.race_only {
        return Err(request(format!("`hired`: {} knows no decision beside the selection; leave it out", preset.card.id)));
    }
    match (&details.exclude, preset.exclusion) {
        (Some(_), None) => return Err(request(format!("[exclude]: {} knows no categories that are left out", preset.card.id))),
        (Some(exclude), Some(most)) if exclude.below > most => {
            return Err(request(format!(
                "[exclude] below = {}: {} lets a category be left out where it has less than {most} of the people; give {most} or less",
                exclude.below, preset.card.id
            )));
        }
        _ => {}
    }
    if details.comparator.is_some() && details.exclude.is_none() {
        return Err(request(
            "`comparator` says among which categories the highest rate is looked for where some are left out; add [exclude], or leave it out",
        ));
    }
    if !details.classifications.is_empty() && preset.race_only {
        return Err(request(format!(
            "`classifications`: {} counts one decision, the interview in person; leave the key out, and say which values of the column are interviews as the \
             favourable ones",
            preset.card.id
        )));
    }
    if !details.classifications.is_empty() && !settings.decisions {
        return Err(request("`classifications` names values of a column of decisions, and scores were given"));
    }
    Ok(())
}

/// The attributes in the rule's categories: sex, race, others.
fn attributes(scored: &Scored, settings: &LawSettings, remarks: &mut Vec<String>) -> Result<Vec<Groups>, AuditError> {
    let LawSettings { preset, details, roles, .. } = settings;
    let mut found = Vec::new();
    for (column, place) in [("sex", roles.sex), ("race", roles.race)] {
        let Some(place) = place.filter(|_| !(preset.race_only && column == "sex")) else { continue };
        let (given, words) = (&scored.groups[place], details.words(column));
        let origin = roles.hispanic.map(|place| &scored.groups[place]).filter(|_| column == "race");
        if preset.vocabulary == Vocabulary::Eeo1 {
            let known = categories::known(column);
            if let Some((from, to)) = words.iter().find(|(_, to)| !known.iter().any(|word| spelling_key(word) == spelling_key(to))) {
                let near = nearest(to, known.iter().copied()).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                return Err(request(format!(
                    "[categories.{column}] `{from}` = `{to}`: this is no category{near}; known are {}",
                    known.join(", ")
                )));
            }
        }
        let mut groups = match preset.vocabulary {
            Vocabulary::Eeo1 => categories::eeo1(column, given, words)?,
            Vocabulary::AsGiven => categories::as_given(column, given, words),
        };
        if let Some(origin) = origin {
            let (joined, moved, silent) = categories::with_hispanic(&groups, origin, details.words("hispanic"))?;
            groups = joined;
            remarks.push(format!(
                "`{}`: {moved} people of Hispanic origin stand under `{}`, whatever their race; of {silent} it says nothing, and they stand by their race.",
                origin.name(),
                categories::HISPANIC
            ));
        }
        let idle = categories::idle(given, words);
        if !idle.is_empty() {
            remarks.push(format!("[categories.{column}]: no row holds `{}`.", idle.join("`, `")));
        }
        if groups.sizes().iter().all(|size| *size == 0) {
            return Err(request(format!("`{}`: no row has a known category; name another column", given.name())));
        }
        if preset.vocabulary == Vocabulary::Eeo1 && groups.code(categories::SEXES[2]).is_some() {
            remarks.push(format!(
                "`{}` is no category of sex of EEO-1; it is shown as the rows or the details name it.",
                categories::SEXES[2]
            ));
        }
        found.push(groups);
    }
    for &place in &roles.others {
        refuse_no_groups(&scored.groups[place])?;
        if let Some(twice) = found.iter().find(|groups: &&Groups| groups.name() == scored.groups[place].name()) {
            return Err(request(format!("`groups`: `{}` is an attribute of the rule already; leave it out", twice.name())));
        }
        found.push(scored.groups[place].clone());
    }
    found.iter().try_for_each(refuse_persons_in)?;
    if preset.intersections
        && let [sex, race, ..] = found.as_slice()
        && (sex.name(), race.name()) == ("sex", "race")
    {
        let both = Groups::intersection(&[sex, race]);
        // A table that is published names people and no product.
        let named = both.levels().iter().map(|level| level.replacen(" x ", ", ", 1)).collect();
        found.insert(2, Groups::new(both.name(), named, both.codes().to_vec()));
    }
    Ok(found)
}

/// The limits by the names of the attributes: a column of sex or of race may be named as it is called in the rows.
fn named_limits(scored: &Scored, settings: &LawSettings, attributes: &[Groups]) -> Result<BTreeMap<String, f64>, AuditError> {
    let roles = [("sex", settings.roles.sex), ("race", settings.roles.race)];
    let columns: Vec<(&str, &str)> = roles.iter().filter_map(|(name, place)| Some((scored.groups[(*place)?].name(), *name))).collect();
    let known: Vec<&str> = attributes.iter().map(Groups::name).collect();
    let mut named = BTreeMap::new();
    for (key, &limit) in &settings.audit.limits {
        let own = match key.split_once('@') {
            None => key.clone(),
            Some((_, name)) if known.contains(&name) => key.clone(),
            Some((metric, name)) => {
                let Some((_, attribute)) = columns.iter().find(|(column, _)| *column == name) else {
                    let all = known.iter().copied().chain(columns.iter().map(|(column, _)| *column));
                    let near = nearest(name, all).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                    return Err(request(format!("limit {key}: there is no attribute `{name}`{near}; known are {}", known.join(", "))));
                };
                format!("{metric}@{attribute}")
            }
        };
        if named.insert(own.clone(), limit).is_some() {
            return Err(request(format!("limit {key}: the same is given by the name of its column as well; leave one of them out")));
        }
    }
    Ok(named)
}

/// The limits of impact ratios that the tables judge: attribute and limit.
fn own_limits(asked: &AuditSettings, tabled: &[Groups]) -> Result<Vec<(Option<String>, f64)>, AuditError> {
    let mut own = Vec::new();
    for (key, &limit) in &asked.limits {
        let (metric, attribute) = key.split_once('@').map_or((key.as_str(), None), |(metric, attribute)| (metric, Some(attribute)));
        if metric != IMPACT_RATIO {
            continue;
        }
        if !(0.0..=1.0).contains(&limit) {
            return Err(request(format!("limit {key} = {limit}: an impact ratio lies from 0 to 1")));
        }
        // An attribute without a table is judged by the metric of the same name.
        if attribute.is_some_and(|name| !tabled.iter().any(|groups| groups.name() == name)) {
            continue;
        }
        own.push((attribute.map(str::to_owned), limit));
    }
    Ok(own)
}

/// What is counted, and the median where scores are held against it.
fn selection(scored: &Scored, settings: &LawSettings, asked: &mut AuditSettings) -> Result<(Counted, Option<Median>), AuditError> {
    let id = settings.preset.card.id;
    let binary = scored.scores.iter().all(|score| *score == 0.0 || *score == 1.0);
    if settings.decisions {
        return if binary {
            Ok((Counted::Selected, None))
        } else {
            Err(request("`selected`: the column holds numbers other than 0 and 1, which are no decisions; name it as the score instead"))
        };
    }
    match asked.selection {
        Selection::Median if settings.preset.rates == Rates::SelectionOrScoring => {
            if binary {
                return Err(request(
                    "`score`: all scores are 0 or 1, which are decisions and have no useful median; name the column as the selection",
                ));
            }
            if scored.scale.lower_is_better {
                return Err(request(format!(
                    "`score`: lower scores are better, and the scoring rate of {id} counts those above the median, who would be the worse half; turn the scores \
                     round in the file (11 - score on a scale of 1 to 10), or say which scores are selected by a threshold"
                )));
            }
            Ok((Counted::AboveMedian, Some(Median::of(&scored.scores))))
        }
        Selection::Median => Err(request(format!(
            "`score`: {id} asks who was selected; name a column of decisions, or say which scores are selected by a threshold"
        ))),
        _ => Ok((Counted::Selected, None)),
    }
}

/// The decisions on every row.
fn outcomes(
    scored: &Scored,
    settings: &LawSettings,
    asked: &AuditSettings,
    median: Option<Median>,
    remarks: &mut Vec<String>,
) -> Result<Vec<Outcome>, AuditError> {
    let LawSettings { preset, details, roles, .. } = settings;
    let first =
        |selected: Vec<bool>| Outcome { name: if preset.race_only { "In-person interview".to_owned() } else { String::new() }, selected };
    let mut found = if let (Some(place), false) = (roles.classes, details.classifications.is_empty()) {
        let classes = &scored.groups[place];
        let mut found = Vec::new();
        for name in &details.classifications {
            let key = spelling_key(name);
            let Some(code) = classes.levels().iter().position(|level| spelling_key(level) == key) else {
                let near = nearest(name, classes.levels().iter().map(String::as_str)).map(|near| format!("; did you mean `{near}`?"));
                return Err(request(format!(
                    "`classifications`: no row of `{}` has the class `{name}`{}",
                    classes.name(),
                    near.unwrap_or_default()
                )));
            };
            let selected = classes.codes().iter().map(|&of| of != UNKNOWN && of as usize == code).collect();
            found.push(Outcome { name: classes.levels()[code].clone(), selected });
        }
        found
    } else if let Some(median) = median {
        vec![first(scored.scores.iter().map(|score| median.is_below(*score)).collect())]
    } else if settings.decisions {
        vec![first(scored.scores.iter().map(|score| *score == 1.0).collect())]
    } else {
        let (chosen, _) = resolved(asked, scored)?;
        let threshold = chosen.metrics.threshold;
        let is_selected = |score: &f64| match chosen.metrics.decision_rule {
            DecisionRule::Above => *score > threshold,
            DecisionRule::AtOrAbove => *score >= threshold,
        };
        vec![first(scored.scores.iter().map(is_selected).collect())]
    };
    if let Some(place) = roles.hired {
        let hired = &scored.groups[place];
        let favourable = known_decision(hired.levels().iter().map(String::as_str));
        let of_level = |level: &String| match (level.as_str(), favourable) {
            ("1", _) => Some(true),
            ("0", _) => Some(false),
            (level, Some(word)) => Some(spelling_key(level) == spelling_key(word)),
            (level, None) => truth(level).map(|value| value == 1.0),
        };
        let judged: Vec<Option<bool>> = hired.levels().iter().map(of_level).collect();
        if let Some(odd) = judged.iter().position(Option::is_none) {
            return Err(request(format!(
                "`{}`: `{}` does not say whether somebody was hired; write yes or no",
                hired.name(),
                hired.levels()[odd]
            )));
        }
        let hiring: Vec<String> =
            hired.levels().iter().zip(&judged).filter(|(_, hired)| **hired == Some(true)).map(|(level, _)| format!("`{level}`")).collect();
        if favourable.is_some() || hired.levels().iter().any(|level| truth(level).is_some()) {
            remarks.push(format!("`{}` holds decisions in words: {} counts as hired.", hired.name(), hiring.join(", ")));
        }
        if hired.unknown_count() > 0 {
            remarks.push(format!("`{}`: {} rows say nothing and count as not hired.", hired.name(), hired.unknown_count()));
        }
        let selected = hired.codes().iter().map(|&code| judged.get(code as usize).copied().flatten() == Some(true)).collect();
        found.push(Outcome { name: HIRED.to_owned(), selected });
    }
    Ok(found)
}

/// What of the attributes that the rule asks for the rows do not hold.
fn without(preset: &Preset, roles: &Roles) -> Vec<&'static str> {
    let wanted = [("sex", roles.sex), ("race/ethnicity", roles.race)];
    let asks = !preset.race_only && (preset.intersections || roles.others.is_empty());
    wanted.into_iter().filter(|(_, place)| asks && place.is_none()).map(|(name, _)| name).collect()
}

/// The audit of the same rows with every other number, for the working papers.
fn measured(scored: &Scored, settings: &LawSettings, mut asked: AuditSettings, attributes: &[Groups]) -> Result<Report, AuditError> {
    let told = serde_json::json!({ "id": settings.preset.card.id, "details": settings.details.told() });
    asked.reading.insert("law".to_owned(), told);
    if settings.decisions {
        asked.selection = Selection::Threshold;
        asked.metrics.threshold = 0.5;
        asked.metrics.decision_rule = DecisionRule::Above;
    }
    // An intersection that so few rows cannot fill has its table, and no further numbers.
    let groups: Vec<Groups> = attributes.iter().filter(|groups| refuse_persons_in(groups).is_ok()).cloned().collect();
    let mut strata = Vec::new();
    for by in settings.roles.by.iter().map(|&place| &scored.groups[place]) {
        if groups.iter().any(|other| other.name() == by.name()) {
            return Err(request(format!("`strata`: `{}` is a sensitive attribute already; name another column", by.name())));
        }
        strata.push(by.clone());
    }
    let shown = |key: &str| key.split_once('@').is_none_or(|(_, name)| groups.iter().any(|groups| groups.name() == name));
    if let Some(key) = asked.limits.keys().find(|key| !shown(key) && key.split_once('@').is_some_and(|(metric, _)| metric != IMPACT_RATIO))
    {
        return Err(request(format!(
            "limit {key}: so many groups together cannot be filled by so few rows, and have no numbers beside their table; leave this limit out"
        )));
    }
    asked.limits.retain(|key, _| shown(key));
    let with = |groups: Vec<Groups>| Scored { groups, ..scored.clone() };
    if strata.is_empty() {
        return crate::audit(&with(groups), &asked);
    }
    // Within strata the rule counts: drawing every metric anew within each of them would take minutes and say nothing to the rule.
    let mut counting = AuditSettings { strata: strata.iter().map(|by| by.name().to_owned()).collect(), ..asked.clone() };
    (counting.intervals.replicates, counting.intervals.permutations) = (0, 0);
    // What needs strata stands in the second report alone.
    asked.limits.retain(|key, _| !needs_strata(key));
    let mut report = crate::audit(&with(groups.clone()), &asked)?;
    let within = crate::audit(&with([groups, strata].concat()), &counting)?;
    report.recipe = within.recipe;
    report.recipe["intervals"] = serde_json::json!(asked.intervals);
    report.limits.extend(within.limits.into_iter().filter(|check| needs_strata(&check.metric)));
    report.columns.extend(within.columns.into_iter().filter(|column| needs_strata(&column.metric)));
    for (own, counted) in report.methods.iter_mut().zip(within.methods) {
        own.summary.extend(counted.summary.into_iter().filter(|summary| needs_strata(&summary.metric)));
        for (own, counted) in
            own.runs.iter_mut().zip(counted.runs).flat_map(|(own, counted)| own.attributes.iter_mut().zip(counted.attributes))
        {
            own.findings.extend(counted.findings.into_iter().filter(|finding| needs_strata(&finding.metric)));
            own.strata = counted.strata;
        }
    }
    Ok(report)
}

/// Whether a metric, or the limit of one, is defined within strata alone.
fn needs_strata(key: &str) -> bool {
    key.split('@').next() == Some("conditional-spdd")
}

/// How one category's impact ratio stands to a limit: by its interval, and by its value where it has none.
fn standing(ratio: f64, estimate: &Estimate, limit: f64) -> Standing {
    let (low, high) = estimate.interval().map_or((ratio, ratio), |interval| (interval.low, interval.high));
    match (low >= limit, high >= limit) {
        (true, _) => Standing::Kept,
        (false, false) => Standing::Breached,
        (false, true) => Standing::NotSettled,
    }
}

/// Judges a limit by the impact ratios of a table. By value the lowest decides. By interval the limit is breached where that of any category lies wholly below
/// it, kept where all lie wholly at or above it, and not settled otherwise.
fn check_limit(table: &LawTable, limit: f64, judge: Judge) -> LimitCheck {
    let compared = table.selections.groups.iter().filter(|group| group.left_out.is_none());
    let mut ratios: Vec<(f64, &GroupSelection)> =
        compared.filter_map(|group| group.impact_ratio.number().map(|ratio| (ratio, group))).collect();
    ratios.sort_by(|one, other| one.0.total_cmp(&other.0));
    let of = if table.classification.is_empty() { table.title.clone() } else { format!("{}, {}", table.title, table.classification) };
    let check = |estimate: Estimate, met: bool, standing: Option<Standing>, explanation: String| LimitCheck {
        metric: IMPACT_RATIO.to_owned(),
        attribute: Some(table.attribute.clone()),
        limit,
        estimate,
        met,
        judge,
        standing,
        explanation,
    };
    let Some(&(lowest, least)) = ratios.first() else {
        let reason = "no category has an impact ratio";
        return check(Estimate::undefined(reason), false, None, format!("{of}: {reason}, so the limit {limit} cannot be called met"));
    };
    let by_value = lowest >= limit;
    let told = |ratio: f64| ratio_of(4, ratio, Some(limit));
    let least_told = format!("the lowest is {} ({})", told(lowest), least.group);
    let side = |ratio: f64| if ratio >= limit { "not below" } else { "below" };
    // The highest rate is compared with itself: where all tie, there is no interval at all.
    let settled = ratios.iter().any(|(_, group)| group.impact_ratio.interval().is_some()).then(|| {
        let first = |wanted: Standing| ratios.iter().find(|(ratio, group)| standing(*ratio, &group.impact_ratio, limit) == wanted);
        let found = [Standing::Breached, Standing::NotSettled].into_iter().find_map(|wanted| Some((wanted, *first(wanted)?)));
        found.unwrap_or((Standing::Kept, (lowest, least)))
    });
    let (Judge::Interval, Some((standing, (ratio, group)))) = (judge, settled) else {
        let how = if judge == Judge::Interval { ", judged by its value, as it has no interval" } else { "" };
        let explained = format!("{of}: impact ratio {} {limit}{how}; {least_told}", side(lowest));
        return check(least.impact_ratio.clone(), by_value, settled.map(|(standing, _)| standing), explained);
    };
    let (name, ratio) = (&group.group, told(ratio));
    let explained = match (standing, group.impact_ratio.interval().is_some()) {
        (Standing::Kept, _) => format!("not below {limit}, by the whole interval of every category; the lowest is {ratio} ({name})"),
        (Standing::Breached, true) => format!("below {limit}, by the whole interval of {name} ({ratio})"),
        (Standing::Breached, false) => format!("below {limit} for {name} ({ratio}), judged by its value, as it has no interval"),
        (Standing::NotSettled, _) => format!(
            "{} {limit}, which these rows do not settle: the limit lies inside the interval of {name} ({ratio}); {least_told}",
            side(lowest)
        ),
    };
    check(group.impact_ratio.clone(), standing == Standing::Kept, Some(standing), format!("{of}: impact ratio {explained}"))
}
