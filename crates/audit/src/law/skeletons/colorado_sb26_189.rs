//! What Colorado's SB 26-189 asks developers and users of automated decision tools to have on file.

use std::fmt::Write as _;

use evenhand_report::Report;

use super::{ModelFacts, data, head, limits, measured, model, owner, particulars};

pub(super) fn document(report: &Report, facts: Option<&ModelFacts>) -> String {
    let mut text = head("Documentation of an automated decision tool (Colorado SB 26-189)", "In force from 1 January 2027.", report);
    let sections: [(&str, String); 7] = [
        ("1. The tool", particulars(report)),
        (
            "2. Uses",
            format!(
                "- Intended uses: {}\n- Uses that are harmful or not intended: {}\n",
                owner("decisions it supports"),
                owner("uses to be refused")
            ),
        ),
        (
            "3. Training data, by category",
            format!(
                "{}- Categories of personal data: {}\n",
                model(facts),
                owner("categories, and whether any stands for a sensitive attribute")
            ),
        ),
        (
            "4. Limits that are known",
            format!("{}\n\nLimits that were set for these numbers:\n\n{}", owner("where the tool is unreliable"), limits(report)),
        ),
        ("5. What was measured", format!("### Rows\n\n{}\n### Numbers\n\n{}", data(report), measured(report))),
        (
            "6. Human review",
            format!(
                "- How output is to be used and reviewed: {}\n- How somebody can correct data or appeal: {}\n",
                owner("who reviews, with which powers"),
                owner("address and steps")
            ),
        ),
        (
            "7. Notices and records",
            format!(
                "- Notice to candidates: {}\n- Where records are kept for three years: {}\n",
                owner("text and place of the notice"),
                owner("place and person")
            ),
        ),
    ];
    for (heading, body) in sections {
        let _ = write!(text, "\n## {heading}\n\n{body}");
    }
    text
}
