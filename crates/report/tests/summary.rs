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
        text.contains("Of 100 women (n = 9,597) 44 are selected, of 100 men (n = 10,398) 51: impact ratio 0.87 [0.84, 0.89]."),
        "{text}"
    );
    assert!(text.contains("In 1 of 12 values of job, Software engineer, the impact ratio of women is 0.58, which the pooled 0.87 hides."));
    let first = text.find("Of 100 women").unwrap();
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

#[test]
fn a_rule_has_its_tables_and_no_verdict() {
    let report = audited::law();
    let page = page(&report);
    let text = words(&page).to_lowercase();
    for verdict in ["compliant", "complian", "passed", "pass ", "certif"] {
        assert!(!text.contains(verdict), "{verdict}");
    }
    let law = report.law.unwrap();
    for told in [&law.name, &law.statements[0], &law.paragraph, &law.made_on] {
        assert!(page.contains(told.as_str()), "{told}");
    }
    assert!(
        words(&page).contains("made on 2026-11-12 from secondary descriptions and the rule&#39;s worked examples; check the text"),
        "{text}"
    );
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
        assert!(page.contains("infers no emotion") && page.contains("not a legal opinion"), "{}", report.title);
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
