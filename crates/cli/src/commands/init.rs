//! `init`: a table in, a recipe proposed for it out.

use std::io::{self, BufRead, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use anyhow::bail;
use evenhand_experiment::inputs::Suspicion;
use evenhand_experiment::proposal::{Proposal, Wishes, propose};
use evenhand_experiment::{Recipe, write};

use super::Outcome;
use crate::args::Init;
use crate::printer;

/// Inputs and groups that are listed by name; a table of embeddings has thousands.
const MOST_LISTED: usize = 40;

pub(crate) fn init(arguments: &Init, json: bool) -> anyhow::Result<Outcome> {
    if arguments.file == Path::new("-") {
        bail!("a recipe reads its rows anew at every call, and standard input is gone by then; save the table as a file and name that");
    }
    let files = [arguments.file.to_string_lossy().into_owned()];
    let out = arguments.out.clone().unwrap_or_else(|| arguments.file.with_extension("toml"));
    write::refuse_input(&out, &files)?;
    if out.exists() && !arguments.force {
        bail!("{} is there already; give another file with --out, or replace it with --force", out.display());
    }
    let settings = arguments.reading.settings(&files)?;
    let mut wishes = Wishes {
        label: arguments.label.clone(),
        favourable: arguments.favourable.clone(),
        sensitive: arguments.sensitive.clone(),
        missing: arguments.reading.missing.clone(),
        categories: arguments.reading.categories()?,
    };
    let mut proposal = propose(&files, &settings, &wishes)?;
    let terminal = io::stdin().is_terminal() && io::stderr().is_terminal();
    if arguments.yes || !terminal {
        if !arguments.yes {
            printer::tell("Nobody can be asked here: what is proposed is taken, as with --yes.");
        }
    } else {
        let (mut answers, mut questions) = (io::stdin().lock(), io::stderr());
        loop {
            writeln!(questions, "{}", printer::printable(&told(&proposal)))?;
            tell_warnings(&proposal);
            match ask(&mut answers, &mut questions, &proposal, &wishes)? {
                Answer::Write => break,
                Answer::Change(changed) => {
                    wishes = changed;
                    proposal = propose(&files, &settings, &wishes)?;
                }
                Answer::Leave => {
                    printer::tell("Nothing was written.");
                    return Ok(Outcome::Fine);
                }
            }
        }
    }
    let text = proposal.recipe(&named_from(&arguments.file, &out), &settings);
    // What is proposed must be a recipe: a fault here is ours and leaves no file.
    let folder = out.parent().map(Path::to_path_buf).unwrap_or_default();
    Recipe::parse(&text, &out.display().to_string(), folder)?;
    write::probe(&out)?;
    write::replace(&out, text.as_bytes())?;
    if json {
        printer::json(&in_json(&proposal, &out))?;
    } else if arguments.yes || !terminal {
        printer::text(&printer::printable(&told(&proposal)))?;
    }
    if arguments.yes || !terminal {
        tell_warnings(&proposal);
    }
    printer::tell(&next(&proposal, &out));
    Ok(Outcome::Fine)
}

/// What comes next. The methods act on the first attribute, so that a limit on it is one that they can keep.
fn next(proposal: &Proposal, out: &Path) -> String {
    let recipe = shell_word(&out.display().to_string());
    let value = proposal.limit();
    let limit = proposal.sensitive.first().map_or_else(|| format!("rank-spdd={value}"), |role| format!("rank-spdd@{}={value}", role.name));
    format!(
        "Recipe: {}\nNext: evenhand compare {recipe}\n      evenhand sweep {recipe} --over objective.lambda_w=0.1,0.2,0.3,0.5,1,2 --limit {}\n\
         The sweep keeps the best scorer within the limit; {value} is what these rows can tell from chance, the limit is yours.",
        out.display(),
        shell_word(&limit)
    )
}

fn tell_warnings(proposal: &Proposal) {
    for warning in &proposal.warnings {
        printer::tell(&format!("note: {warning}"));
    }
}

/// A name as a shell takes it for one word.
fn shell_word(name: &str) -> String {
    let plain = |sign: char| sign.is_alphanumeric() || matches!(sign, '/' | '.' | '_' | '-' | '\\' | ':' | '=' | '@');
    if name.chars().all(plain) { name.to_owned() } else { format!("'{}'", name.replace('\'', "'\\''")) }
}

/// The file as the recipe's folder names it.
fn named_from(file: &Path, out: &Path) -> String {
    let folder = |path: &Path| path.parent().map(Path::to_path_buf).unwrap_or_default();
    let found = if folder(file) == folder(out) { file.file_name().map(PathBuf::from) } else { std::path::absolute(file).ok() };
    found.unwrap_or_else(|| file.to_path_buf()).to_string_lossy().into_owned()
}

/// What somebody wants of a proposal.
#[derive(Debug)]
enum Answer {
    Write,
    Change(Wishes),
    Leave,
}

/// Asks for label, attributes and consent; whoever says nothing more (the end of the answers) consents to nothing.
fn ask(answers: &mut impl BufRead, questions: &mut impl Write, proposal: &Proposal, wishes: &Wishes) -> anyhow::Result<Answer> {
    let mut answer = |question: &str, proposed: &str| -> anyhow::Result<Option<String>> {
        let proposed = if proposed.is_empty() { String::new() } else { format!(" [{}]", printer::printable(proposed)) };
        write!(questions, "{question}{proposed}: ")?;
        questions.flush()?;
        let mut line = String::new();
        let read = answers.read_line(&mut line)?;
        Ok((read > 0).then(|| line.trim().to_owned()))
    };
    let attributes: Vec<&str> = proposal.sensitive.iter().map(|role| role.name.as_str()).collect();
    let Some(label) = answer("Column with the label", &proposal.label.column)? else { return Ok(Answer::Leave) };
    let Some(sensitive) = answer("Sensitive attributes, by commas", &attributes.join(", "))? else { return Ok(Answer::Leave) };
    let mut changed = wishes.clone();
    if !label.is_empty() && label != proposal.label.column {
        (changed.label, changed.favourable) = (Some(label), Vec::new());
        let Some(favourable) = answer("Its favourable values, by commas, if it holds words", "")? else { return Ok(Answer::Leave) };
        changed.favourable = by_commas(&favourable);
    }
    let sensitive = by_commas(&sensitive);
    if !sensitive.is_empty() && sensitive != attributes {
        changed.sensitive = sensitive;
    }
    if (&changed.label, &changed.favourable, &changed.sensitive) != (&wishes.label, &wishes.favourable, &wishes.sensitive) {
        return Ok(Answer::Change(changed));
    }
    let consent = answer("Write the recipe", "yes")?;
    let yes = consent.is_some_and(|word| word.is_empty() || word.to_lowercase().starts_with('y'));
    Ok(if yes { Answer::Write } else { Answer::Leave })
}

fn by_commas(text: &str) -> Vec<String> {
    text.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
}

fn listed(names: &[String]) -> String {
    let more = names.len().saturating_sub(MOST_LISTED);
    let shown = names[..names.len() - more].join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

fn told(proposal: &Proposal) -> String {
    let mut lines = Vec::new();
    let range = proposal.label.range.map(|(low, high)| format!(" ({low} to {high})")).unwrap_or_default();
    lines.push(format!("{} rows", proposal.rows));
    lines.push(format!("label       {}{range}", proposal.label.column));
    for (attribute, groups) in &proposal.groups {
        let groups: Vec<String> = groups.iter().map(|(group, rows)| format!("{group} {rows}")).collect();
        lines.push(format!("sensitive   {attribute}: {}", listed(&groups)));
    }
    for (role, column) in [("person", &proposal.person), ("job", &proposal.job), ("weight", &proposal.weight)] {
        lines.extend(column.iter().map(|column| format!("{role:<11} {column}")));
    }
    lines.push(format!("inputs      {}", listed(&proposal.inputs)));
    for found in &proposal.left_out {
        lines.push(format!("left out    {}: {}", found.column, found.reason));
    }
    for found in &proposal.excluded {
        lines.push(format!("excluded    {}: {}", found.column, found.reason));
    }
    for told in &proposal.told {
        lines.push(format!("inputs tell {}", told.line()));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn in_json(proposal: &Proposal, out: &Path) -> serde_json::Value {
    let found = |list: &[Suspicion]| -> Vec<serde_json::Value> {
        list.iter().map(|found| serde_json::json!({ "column": found.column, "reason": found.reason })).collect()
    };
    let told: Vec<serde_json::Value> = proposal
        .told
        .iter()
        .map(|told| {
            serde_json::json!({
                "attribute": told.attribute, "group": told.group, "rows": [told.rows.0, told.rows.1],
                "roc_auc": told.auc, "interval": [told.interval.0, told.interval.1], "strongest": told.strongest,
            })
        })
        .collect();
    serde_json::json!({
        "rows": proposal.rows,
        "label": { "column": proposal.label.column, "range": proposal.label.range, "favourable": proposal.label.favourable },
        "other_labels": proposal.other_labels,
        "sensitive": proposal.groups,
        "person": proposal.person, "job": proposal.job, "weight": proposal.weight,
        "inputs": proposal.inputs,
        "left_out": found(&proposal.left_out),
        "excluded": found(&proposal.excluded),
        "tells": told,
        "warnings": proposal.warnings,
        "recipe": out,
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use evenhand_data::table::TableSettings;

    use super::*;

    /// A proposal for a table with two attributes, and another label.
    fn proposed(wishes: &Wishes) -> Proposal {
        let folder = tempfile::TempDir::new().unwrap();
        let rows: Vec<String> =
            (0..60).map(|row| format!("{},{},{},{},g{}", ["f", "m"][row % 2], row % 3, row % 7, row % 50, row % 4)).collect();
        let path = folder.path().join("t.csv");
        fs::write(&path, format!("gender,race,skill,rating,verdict\n{}\n", rows.join("\n"))).unwrap();
        propose(&[path.to_string_lossy().into_owned()], &TableSettings::default(), wishes).unwrap()
    }

    fn asked(answers: &str, wishes: &Wishes) -> (Answer, String) {
        let mut questions = Vec::new();
        let answer = ask(&mut answers.as_bytes(), &mut questions, &proposed(wishes), wishes).unwrap();
        (answer, String::from_utf8(questions).unwrap())
    }

    #[test]
    fn somebody_agrees_changes_or_leaves() {
        let none = Wishes::default();
        let (answer, questions) = asked("\n\n\n", &none);
        assert!(matches!(answer, Answer::Write));
        assert_eq!(questions, "Column with the label [rating]: Sensitive attributes, by commas [gender, race]: Write the recipe [yes]: ");
        for answers in ["", "\n", "\n\n", "\n\nno\n", "rating\ngender,  race\nn\n"] {
            assert!(matches!(asked(answers, &none).0, Answer::Leave), "{answers:?}");
        }
        assert!(matches!(asked("rating\nGENDER\n", &none).0, Answer::Change(_)));
        let (answer, questions) = asked("verdict\n race ,gender\ng1, g2\n", &none);
        let Answer::Change(changed) = answer else { panic!("{answer:?}") };
        assert!(questions.ends_with("Its favourable values, by commas, if it holds words: "), "{questions}");
        assert_eq!((changed.label.as_deref(), changed.favourable.len()), (Some("verdict"), 2));
        assert_eq!(changed.sensitive, ["race", "gender"]);
        // What was changed is proposed, and agreed to.
        let proposal = proposed(&changed);
        assert_eq!((proposal.label.column.as_str(), proposal.sensitive[0].name.as_str()), ("verdict", "race"));
        assert!(matches!(asked("\n\n\n", &changed).0, Answer::Write));
    }

    #[test]
    fn names_are_words_of_a_shell() {
        assert_eq!(shell_word("a/b.toml"), "a/b.toml");
        assert_eq!(shell_word("it's here.toml"), "'it'\\''s here.toml'");
        assert_eq!(shell_word("spdd@age >= 40=0.05"), "'spdd@age >= 40=0.05'");
    }
}
