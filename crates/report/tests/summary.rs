//! The summary: short, without a script, the finding first.

use evenhand_report::html::summary;
use evenhand_report::{Remark, RemarkKind, Report, Standing};

use crate::{audited, every, sample};

fn page(report: &Report) -> String {
    summary(report).expect("a summary is made of every report")
}

/// Text of the body without its tags.
fn words(page: &str) -> String {
    let body = page.split("<body>").nth(1).unwrap();
    body.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)).collect()
}

#[test]
fn a_summary_is_small_and_runs_nothing() {
    for report in every() {
        let page = page(&report);
        assert!(page == self::page(&report), "the same report, the same bytes");
        assert!(page.len() <= 60_000, "{}: {} bytes", report.title, page.len());
        assert!(!page.contains("<script"), "{}", report.title);
        let page = page.replace("&lt;img src=x", "");
        for forbidden in ["http://", "https://", "src=", "url(", "@import", "<link", "<img", " style=", "NaN", "-0.00 "] {
            assert!(!page.contains(forbidden), "{}: `{forbidden}`", report.title);
        }
        assert!(page.contains("default-src 'none'; style-src 'sha256-"), "{}", report.title);
    }
}

#[test]
fn the_first_sentence_has_the_numbers() {
    let text = words(&page(&audited::audit()));
    assert!(
        text.contains(
            "Of 100 candidates of group women x Hispanic or Latino (n = 1,762) 39 are selected, of 100 candidates of group men x Asian (n = 1,266) 54: impact \
             ratio 0.72 [0.67, 0.78], the lowest of 3 attributes (sex x race)."
        ),
        "{text}"
    );
    assert!(text.contains("In 1 of 12 values of job, Software engineer, the impact ratio of women is 0.58, which the pooled 0.87 hides."));
    let first = text.find("Of 100 candidates of group").unwrap();
    for before in ["Harbour & Finch", "2026-08-14", "ScreenScore 4.2", "score at or above 60, of 0 to 100", "20,000 candidates"] {
        let before = before.replace('&', "&amp;");
        assert!(text.find(&before).is_some_and(|at| at < first), "{before}");
    }
}

#[test]
fn what_was_not_given_is_said() {
    let text = words(&page(&audited::decisions()));
    assert!(text.contains("Audited bynot given") && text.contains("Date of the auditnot given"), "{text}");
}

#[test]
fn limits_are_drawn_only_where_one_was_set_and_have_three_standings() {
    let with = page(&audited::audit());
    for words in ["kept by the whole interval", "breached by the whole interval", "not settled by these rows", "class=\"lim\"", "▼"] {
        assert!(with.contains(words), "{words}");
    }
    let mut report = audited::audit();
    assert_eq!(report.limits.iter().filter(|check| check.standing == Some(Standing::NotSettled)).count(), 1);
    report.limits.clear();
    let without = page(&report);
    for words in ["class=\"lim\"", "▼", "▽", "class=\"card lo\"", "<tr class=\"lo\"", "whole interval"] {
        assert!(!without.contains(words), "{words}");
    }
}

fn report_files(report: &Report) -> Vec<String> {
    assert!(!report.data.files.is_empty());
    report.data.files.iter().map(|file| file.name.clone()).collect()
}

#[test]
fn of_many_jobs_a_rule_shows_the_lowest_ratios_and_counts_the_rest() {
    let mut report = audited::law();
    let law = report.law.as_mut().unwrap();
    let sex = law.tables[0].clone();
    law.tables.extend((0..12).map(|job| {
        let mut table = sex.clone();
        table.title = format!("Sex within job {job}");
        table.within = Some(["job".to_owned(), format!("job {job}")]);
        let ratio = table.selections.groups.iter_mut().find(|group| !sex.selections.highest.contains(&group.group)).unwrap();
        // The last two have none at all.
        (ratio.exact_ratio, ratio.impact_ratio) =
            (None, evenhand_metrics::Estimate::Value { value: 0.9 - f64::from(job) / 100.0, interval: None });
        if job >= 10 {
            table.selections.groups.iter_mut().for_each(|group| group.impact_ratio = evenhand_metrics::Estimate::undefined("nobody"));
        }
        table
    }));
    let page = page(&report);
    let shown: Vec<&str> = page.split("<th scope=\"row\">job ").skip(1).map(|rest| &rest[..1]).collect();
    assert_eq!(shown, ["9", "8", "7", "6", "5", "4"], "clearest first");
    assert!(page.contains("lowest first; 4 more are not shown; 2 without an impact ratio. All tables stand in tables.csv."), "{page}");
    assert_eq!(page.matches("Sex within job").count(), 1);
}

#[test]
fn a_ratio_next_to_four_fifths_keeps_its_side_in_every_form() {
    let mut report = audited::law();
    let group = &mut report.law.as_mut().unwrap().tables[0].selections.groups;
    let group = group.iter_mut().find(|group| group.impact_ratio.interval().is_some()).unwrap();
    (group.exact_ratio, group.impact_ratio) = (Some([7997, 10_000]), evenhand_metrics::Estimate::Value { value: 0.7997, interval: None });
    let law = report.law.as_ref().unwrap();
    let plain = evenhand_report::views::law::tables(law);
    assert!(plain[0].rows.iter().any(|row| row[4] == "0.7997"), "{plain:?}");
    assert!(page(&report).contains("<td class=\"r\">0.7997</td>"));
    for text in [evenhand_report::views::markdown(&report), evenhand_report::views::latex(&report)] {
        assert!(text.contains(" 0.7997 "), "{text}");
    }
}

#[test]
fn texts_say_which_rate_a_rule_counts() {
    let mut report = audited::law();
    let of_law = report.law.iter_mut().flat_map(|law| &mut law.tables).map(|table| &mut table.selections);
    let attributes = report.methods.iter_mut().flat_map(|method| &mut method.runs).flat_map(|run| &mut run.attributes);
    for selections in of_law.chain(attributes.filter_map(|one| one.selections.as_mut())) {
        selections.counted = evenhand_report::Counted::AboveMedian;
    }
    for text in [evenhand_report::views::markdown(&report), evenhand_report::views::latex(&report), page(&report)] {
        assert!(text.contains("Unknown, in no row of this table: 784, 393 of them above the median."), "{text}");
        assert!(!text.contains("of them selected") && !text.contains(": who is selected"), "{text}");
    }
}

#[test]
fn a_rule_has_its_tables_and_no_verdict() {
    let law_report = audited::law();
    let report = law_report.clone();
    let page = page(&report);
    let text = words(&page).to_lowercase();
    for verdict in ["compliant", "complian", "passed", "pass ", "certif"] {
        assert!(!text.contains(verdict), "{verdict}");
    }
    let law = report.law.unwrap();
    for told in [&law.name, &law.statements[0], &law.paragraph] {
        assert!(page.contains(told.as_str()), "{told}");
    }
    // Notes to whoever publishes, what nobody asked for, and files that a rule's folder does not have.
    for word in ["check the text", "2026-11-12", "secondary descriptions", "not given", "expert report", "measures.csv", "Asked:"] {
        assert!(!words(&page).contains(word), "{word}");
    }
    assert_eq!(page.matches("report format").count(), 1);
    assert!(!report_files(&law_report).iter().any(|name| page.contains(name.as_str())), "the files of the house are named");
    for remark in &law.remarks {
        assert!(!page.contains(remark.as_str()), "working papers are not published");
    }
    for table in &law.tables {
        for heading in &table.headings {
            assert!(page.contains(heading.as_str()), "{heading}");
        }
    }
    assert_eq!(page.matches("<small>fewer than 400 rows</small>").count(), 8);
    assert_eq!(page.matches(">not calculated</td>").count(), 8);
    assert!(page.contains("Unknown, in no row of this table: 784, 393 of them selected."));
    for given in ["Date of the bias audit", "distribution date", "2026-09-01", "Data source"] {
        assert!(page.contains(given), "{given}");
    }
}

#[test]
fn emotions_and_law_are_spoken_of_and_the_group_at_the_decision_where_it_is_read() {
    for report in every() {
        let page = page(&report);
        assert!(page.contains("No emotion is inferred") && page.contains("not a legal opinion"), "{}", report.title);
    }
    assert!(page(&sample::ranking(30, 3)).contains("42 U.S.C. 2000e-2(l)"));
    assert!(!page(&audited::audit()).contains("2000e-2"));
}

#[test]
fn what_is_too_much_for_two_pages_is_told() {
    let mut report = audited::audit();
    let run = &mut report.methods[0].runs[0];
    let strata = &mut run.attributes[0].strata[0].strata;
    let last = strata[11].clone();
    strata.extend((0..60).map(|number| evenhand_report::Stratum { name: format!("job {number}"), ..last.clone() }));
    let chosen = run.attributes[2].clone();
    run.attributes
        .extend((0..5).map(|number| evenhand_report::AttributeFindings { attribute: format!("attribute {number}"), ..chosen.clone() }));
    report.data.files = vec![report.data.files[0].clone(); 9];
    let page = page(&report);
    assert!(page.len() < 80_000, "{}", page.len());
    for told in ["56 further rows stand in the expert report", "4 further attributes stand", "6 further files stand", "72 jobs"] {
        assert!(page.contains(told), "{told}");
    }
}

#[test]
fn a_collapse_stands_on_the_first_screen() {
    let mut report = sample::comparison(true);
    report.methods[6].runs[0].notes.push(Remark::new(RemarkKind::HardlyVary, "its scores hardly vary"));
    report.notes.push(Remark::new(RemarkKind::HardlyVary, "the scores of `Wasserstein + adversary` hardly vary"));
    let page = page(&report);
    assert!(page.contains("The smallest gap: <bdi>Wasserstein</bdi>"));
    assert!(page.contains("<ul class=\"warn\"><li>the scores of <code>Wasserstein + adversary</code> hardly vary</li>"));
}

#[test]
fn names_out_of_the_data_do_nothing() {
    let page = page(&audited::hostile());
    assert!(page.contains("&lt;script&gt;alert(1)") && page.contains("[U+202E]nemow"), "shown as they are");
    for mark in ['\u{202e}', '\u{2066}', '\u{2067}', '\u{200f}', '\u{7}', '\u{1b}'] {
        assert!(!page.contains(mark), "{mark:?}");
    }
    assert_eq!((page.matches("<style>").count(), page.matches("</style>").count()), (1, 1));
    for tag in ["table", "tr", "td", "th", "section", "svg", "ul", "li", "p", "div", "b", "bdi", "h2"] {
        let opened = page.matches(&format!("<{tag} ")).count() + page.matches(&format!("<{tag}>")).count();
        assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "<{tag}>");
    }
}

#[test]
fn a_sweep_says_what_was_chosen_and_what_it_costs() {
    let report = sample::chosen_sweep();
    let page = page(&report);
    let text = words(&page);
    let price = evenhand_report::price::told(&report).unwrap();
    assert!(price.starts_with("Of the settings within the limits, lambda_w = 0.1 is best in accuracy on the validation rows: against vanilla, on the test rows (means over 3 seeds), the gap for gender (SPDD) falls from 0."), "{price}");
    assert!(price.contains(" accuracy falls from 0.8") && price.ends_with('.'), "{price}");
    assert!(text.contains(&price), "{text}");
    assert!(!text.contains("; chosen on the validation rows"), "it is told once");
    // The front, the ring of the chosen one, and plain training as the one that others are told from.
    for drawn in ["class=\"front\"", "class=\"line\"", "class=\"ring\"", ">vanilla</text>", "class=\"old\""] {
        assert!(page.contains(drawn), "{drawn}");
    }
    assert!(text.contains("the stairs join those that no other beats in both") && text.contains("The ring marks the chosen one."));
    assert!(text.contains("lambda_w = 0.1 (chosen)"));
}

#[test]
fn a_sweep_in_which_plain_training_keeps_the_limit_pays_nothing() {
    let mut report = sample::chosen_sweep();
    report.choice.as_mut().unwrap().chosen = Some("vanilla".to_owned());
    let price = evenhand_report::price::told(&report).unwrap();
    assert!(
        price.ends_with(
            "vanilla is best in accuracy on the validation rows: the limits are kept without any term of fairness, and nothing is paid."
        ),
        "{price}"
    );
    // Errors of ratings are told on their own scale.
    let mut report = sample::chosen_sweep();
    report.data.label.as_mut().unwrap().kind = "continuous".to_owned();
    report.data.label_scale = evenhand_rows::Scale { low: 1.0, high: 5.0, ..Default::default() };
    for (place, method) in report.methods.iter_mut().enumerate() {
        for run in &mut method.runs {
            let error = run.performance.iter_mut().find(|finding| finding.metric == "mae").unwrap();
            error.estimate = evenhand_metrics::Estimate::value(0.1 + 0.02 * place as f64);
        }
    }
    let price = evenhand_report::price::told(&report).unwrap();
    assert!(price.contains("rises from 0.400 to 0.640 points of 1 to 5"), "{price}");
}

#[test]
fn without_a_limit_chance_is_told_and_a_limit_below_it_stands_at_the_head() {
    let mut report = sample::chosen_sweep();
    report.choice = None;
    report.chance[0].limit = None;
    let text = words(&page(&report));
    assert!(
        text.contains("No limit was set, and so no setting was chosen; chance alone gives SPDD 0.021 for gender on 300 validation rows"),
        "{text}"
    );
    let mut report = sample::chosen_sweep();
    report.chance[0].limit = Some(0.02);
    let chance = &report.chance[0];
    assert_eq!(evenhand_report::price::kind_of(chance), RemarkKind::LimitBelowChance);
    report.notes.push(Remark::new(RemarkKind::LimitBelowChance, evenhand_report::price::chance_told(chance)));
    assert!(page(&report).contains("<ul class=\"warn\"><li>Chance alone gives SPDD 0.021"), "{}", page(&report));
}
