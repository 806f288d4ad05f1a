//! Rules of law: what every preset says of itself, and documents that show texts as texts.

use evenhand_audit::law::{self, Details, LAWS, LawSettings, Roles, skeletons};
use evenhand_audit::{AuditSettings, Selection};
use evenhand_catalog::Kind;
use evenhand_report::Standing;
use evenhand_report::limits::Judge;
use evenhand_rows::Scored;

fn settings(details: &str) -> LawSettings {
    LawSettings {
        preset: law::find("ugesp").unwrap(),
        details: Details::parse(details).unwrap(),
        roles: Roles { others: vec![0], ..Roles::default() },
        decisions: true,
        audit: AuditSettings { selection: Selection::Threshold, ..AuditSettings::default() },
    }
}

const DETAILS: &str = "tool = \"T\"\ndata_source = \"S <b> | x\"\ndata_period = \"P\"\n";

fn scored() -> Scored {
    let groups = ["a*b", "a*b", "a*b", "<c>", "<c>", "<c>"];
    Scored::from_arrays(vec![1.0, 1.0, 0.0, 1.0, 0.0, 0.0], ("g", &groups), None).unwrap()
}

/// A line of the example with a text or a day in its place.
fn filled_in(line: &str) -> String {
    line.replace("[to be filled in]", if line.contains("_date = ") { "2026-11-16" } else { "told" })
}

#[test]
fn all_that_is_wrong_with_details_is_told_at_once() {
    let preset = law::find("nyc-ll144").unwrap();
    let written = "auditr = \"A\"\ntool = \" \"\ndata_source = \"S\"\naudit_date = \"2026-02-30\"\ndistribution_date = \"1.12.2026\"\n";
    let told = Details::parse_for(preset, written).unwrap_err().to_string();
    for part in [
        "6 things are to be mended:",
        "`auditr` is no key of the details; did you mean `auditor`?",
        "`tool` is empty",
        "`audit_date` = `2026-02-30` is no day",
        "`distribution_date` = `1.12.2026` is no day",
        "`auditor` is missing, which nyc-ll144 asks for: who audited",
        "`independence` is missing",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert_eq!(told.lines().count(), 7, "each is told once: {told}");
}

#[test]
fn every_preset_says_what_it_is_and_when_it_was_made() {
    for preset in LAWS {
        let card = preset.card;
        assert_eq!(card.kind, Kind::Law, "{}", card.id);
        assert!(!card.summary.is_empty() && !card.formula.is_empty() && !preset.paragraph.is_empty(), "{}", card.id);
        assert!(law::Day::parse(preset.made_on).is_some() && card.source.contains("check the text"), "{}", card.id);
        // As it is printed it tells nothing, and every field of it is named.
        let refused = Details::parse_for(preset, &preset.example()).unwrap_err().to_string();
        for key in preset.wants {
            assert!(refused.contains(&format!("`{key}` is still to be filled in: ")), "{}: {refused}", card.id);
        }
        let filled: Vec<String> = preset.example().lines().map(filled_in).collect();
        let example = filled.join("\n");
        let details = Details::parse_for(preset, &example).unwrap();
        assert!(details.missing(preset).is_empty(), "{}: {:?}", card.id, details.missing(preset));
        // Each line that stands as a comment is a line that may stand.
        let all: String = example
            .lines()
            .filter_map(|line| match line.strip_prefix("# ") {
                Some(rest) if rest.contains(" = ") && !rest.contains(", for example: ") || rest.starts_with('[') => {
                    Some(format!("{rest}\n"))
                }
                Some(_) => None,
                None => Some(format!("{line}\n")),
            })
            .collect();
        Details::parse(&all).unwrap_or_else(|error| panic!("{}: {error}\n{all}", card.id));
    }
    assert!(law::find("nyc-ll14").unwrap_err().to_string().contains("did you mean `nyc-ll144`?"));
}

#[test]
fn ratios_are_held_against_four_fifths_in_integers() {
    let report = law::audit(&scored(), &settings(DETAILS)).unwrap();
    let law = report.law.unwrap();
    let c = law.tables[0].selections.groups.iter().find(|group| group.group == "<c>").unwrap();
    assert_eq!(c.exact_ratio, Some([1, 2]));
    assert!(law.statements.iter().any(|line| line == "g: impact ratio below 0.8 for <c>."), "{:?}", law.statements);
    // 4 of 5 against 5 of 5 are four fifths exactly, and 64 of 100 against 80 of 100.
    let of = |one: [usize; 2], other: [usize; 2]| {
        let (mut scores, mut groups) = (Vec::new(), Vec::new());
        for (name, [selected, n]) in [("x", one), ("y", other)] {
            scores.extend((0..n).map(|place| f64::from(u8::from(place < selected))));
            groups.extend(std::iter::repeat_n(name, n));
        }
        let scored = Scored::from_arrays(scores, ("g", &groups), None).unwrap();
        law::audit(&scored, &settings(DETAILS)).unwrap().law.unwrap().statements.contains(&"g: no impact ratio below 0.8.".to_owned())
    };
    assert!(of([4, 5], [5, 5]) && of([64, 100], [80, 100]));
    assert!(!of([63, 100], [80, 100]));
}

#[test]
fn documents_leave_to_the_owner_what_nobody_told_and_show_texts_as_texts() {
    let report = law::audit(&scored(), &settings(DETAILS)).unwrap();
    let facts = skeletons::ModelFacts { digest: "abc".to_owned(), features: vec!["a|b".to_owned()], ..Default::default() };
    for (id, _) in skeletons::SKELETONS {
        let without = skeletons::document(id, &report, None).unwrap();
        let with = skeletons::document(id, &report, Some(&facts)).unwrap();
        assert!(without.contains("[to be filled by the owner: a digest"), "{id}");
        assert!(with.contains("Digest: abc") && with.contains("a\\|b"), "{id}");
        assert!(with.contains("S &lt;b> \\| x") && with.contains("a\\*b") && !with.contains("<c>"), "{id}: {with}");
        for word in ["compliant", "passed", "certified"] {
            assert!(!with.contains(word), "{id}: {word}");
        }
    }
}

/// Rows of groups: name, selected, all.
fn rows(groups: &[(&str, usize, usize)]) -> Scored {
    let (mut scores, mut names) = (Vec::new(), Vec::new());
    for (name, selected, n) in groups {
        scores.extend((0..*n).map(|place| f64::from(u8::from(place < *selected))));
        names.extend(std::iter::repeat_n(*name, *n));
    }
    Scored::from_arrays(scores, ("g", &names), None).unwrap()
}

#[test]
fn every_interval_takes_part_in_a_limit_and_none_is_claimed_where_there_is_none() {
    let judged = |groups: &[(&str, usize, usize)]| {
        let mut asked = settings(DETAILS);
        asked.audit.judge = Judge::Interval;
        asked.audit.limits.insert("impact-ratio".to_owned(), 0.8);
        law::audit(&rows(groups), &asked).unwrap().limits.remove(0)
    };
    // The few have the lowest ratio and settle nothing; the many are below by their whole interval.
    let check = judged(&[("top", 800, 1000), ("few", 2, 4), ("many", 550, 1000)]);
    assert!(check.standing == Some(Standing::Breached) && !check.met, "{check:?}");
    assert!(check.explanation.contains("below 0.8, by the whole interval of many (0.6875)"), "{check:?}");
    let check = judged(&[("top", 800, 1000), ("near", 790, 1000), ("few", 3, 4)]);
    assert!(check.standing == Some(Standing::NotSettled) && !check.met, "{check:?}");
    let check = judged(&[("top", 8000, 10_000), ("near", 7900, 10_000)]);
    assert!(check.standing == Some(Standing::Kept) && check.met, "{check:?}");
    let check = judged(&[("one", 5, 10), ("other", 5, 10)]);
    assert!(check.standing.is_none() && check.met, "{check:?}");
    assert!(check.explanation.contains("judged by its value, as it has no interval"), "{check:?}");
}

#[test]
fn a_table_without_ratios_says_so() {
    let law = law::audit(&rows(&[("a", 0, 12), ("b", 0, 12)]), &settings(DETAILS)).unwrap().law.unwrap();
    assert!(law.statements.iter().any(|line| line.starts_with("g: no impact ratio could be calculated (")), "{:?}", law.statements);
    assert!(!law.statements.iter().any(|line| line.contains("no impact ratio below")), "{:?}", law.statements);
}

fn of_sexes(groups: &[(&str, usize, usize)]) -> evenhand_report::Report {
    let details = "auditor = \"A\"\nindependence = \"I\"\ntool = \"T 1\"\ndata_source = \"S\"\naudit_date = \"2026-11-16\"\ndistribution_date = \"2026-12-01\"\n";
    let asked =
        LawSettings { preset: law::find("nyc-ll144").unwrap(), roles: Roles { sex: Some(0), ..Roles::default() }, ..settings(details) };
    law::audit(&rows(groups), &asked).unwrap()
}

#[test]
fn one_category_alone_is_compared_with_nothing() {
    let report = of_sexes(&[("Male", 3, 40)]);
    let only = &report.law.as_ref().unwrap().tables[0].selections.groups[0];
    assert_eq!(only.impact_ratio.reason(), Some("there is no other group to compare it with"));
    assert_eq!(only.exact_ratio, None);
    let page = evenhand_report::html::summary(&report).unwrap();
    assert!(
        page.contains("<b><bdi>1 impact ratio</bdi></b> could not be estimated: there is no other group to compare it with."),
        "{page}"
    );
    assert!(!page.contains("1.000"), "{page}");
}

#[test]
fn what_is_published_names_the_bias_audit_few_people_and_what_is_still_to_be_filled_in() {
    let report = of_sexes(&[("Male", 1, 1), ("Female", 30, 60)]);
    assert_eq!(report.title, "Bias audit of T 1: New York City Local Law 144 (automated employment decision tools)");
    let law = report.law.as_ref().unwrap();
    assert!(law.remarks.iter().any(|remark| remark.starts_with("Sex: fewer than 30 people are in Male (1);")), "{:?}", law.remarks);
    assert!(law.remarks.iter().any(|remark| remark.ends_with("held against the rate of Male.")), "{:?}", law.remarks);
    assert!(law.remarks.iter().any(|remark| remark.contains("`data_period`")), "{:?}", law.remarks);
    let page = evenhand_report::html::summary(&report).unwrap();
    // Wilson's interval of 1 of 1 begins at 1 / (1 + 1.96^2).
    for told in [
        "too few to tell much: 1 person",
        "20.7 % to 100.0 %",
        "[to be filled in: first and last day of the data]",
        "No emotion is inferred",
    ] {
        assert!(page.contains(told), "{told}: {page}");
    }
    for untold in ["What could not be estimated", "anybody feels"] {
        assert!(!page.contains(untold), "{untold}");
    }
}

#[test]
fn a_path_in_double_quotes_gets_a_hint_and_a_share_beyond_the_rule_its_limit() {
    for path in [r"C:\data\people.csv", r"C:\users\x", r"C:\x", r"\server\people"] {
        let told = Details::parse(&format!("data_source = \"{path}\"\n")).unwrap_err().to_string();
        assert!(told.contains("in single quotes"), "{path}: {told}");
    }
    assert!(!Details::parse("tool = 3 4").unwrap_err().to_string().contains("single quotes"));
    let asked = LawSettings {
        preset: law::find("nyc-ll144").unwrap(),
        roles: Roles { sex: Some(0), ..Roles::default() },
        ..settings(
            "auditor = \"A\"\nindependence = \"I\"\ntool = \"T\"\ndata_source = \"S\"\naudit_date = \"2026-11-16\"\ndistribution_date = \"2026-12-01\"\n[exclude]\nbelow = 0.9\nreason = \"R\"\n",
        )
    };
    let told = law::audit(&rows(&[("Male", 1, 2), ("Female", 1, 2)]), &asked).unwrap_err().to_string();
    assert!(told.ends_with("give 0.02 or less"), "{told}");
}
