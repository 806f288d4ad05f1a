//! Technical documentation as the EU AI Act's Annex IV lists it.

use std::fmt::Write as _;

use evenhand_report::Report;

use super::{ModelFacts, data, head, limits, measured, model, owner, particulars};

pub(super) fn document(report: &Report, facts: Option<&ModelFacts>) -> String {
    let mut text = head(
        "Technical documentation (Annex IV of Regulation (EU) 2024/1689)",
        "Recruitment and selection stand in Annex III, point 4, of the regulation.",
        report,
    );
    let sensitive = match report.data.sensitive_features.as_slice() {
        [] => String::new(),
        names => format!(
            "- Sensitive attributes among the inputs: {}\n",
            names.iter().map(|name| super::plain(name)).collect::<Vec<_>>().join(", ")
        ),
    };
    let sections: [(&str, String); 9] = [
        (
            "1. General description",
            format!(
                "{}- Intended purpose: {}\n- How it interacts with other hardware and software: {}\n- Forms in which it is supplied: {}\n- Hardware it runs \
                 on: {}\n- Interface for the user: {}\n- Instructions for use: {}\n",
                particulars(report),
                owner("what the tool is for, and for which decisions"),
                owner("systems that give it data or take its scores"),
                owner("service, package, download"),
                owner("machines, memory"),
                owner("what a recruiter sees"),
                owner("where they are")
            ),
        ),
        (
            "2. Elements and how they were developed",
            format!(
                "### Model and training\n\n{}{sensitive}- Design choices, with reasons and assumptions: {}\n- What the system is made to optimise: {}\n- \
                 Architecture and computing resources: {}\n\n### Data that was measured on\n\n{}- Representativeness for the people concerned: {}\n\n### Human \
                 oversight (Article 14)\n\n{}\n\n### Changes that are foreseen\n\n{}\n\n### Validation and testing\n\n{}- Signed test logs: {}\n\n### \
                 Cybersecurity\n\n{}\n",
                model(facts),
                owner("choices and why"),
                owner("objective and its weights"),
                owner("components, and what training took"),
                data(report),
                owner("how the rows compare with the people the tool is used on (Article 10)"),
                owner("who looks at scores, who may set them aside, and how"),
                owner("changes and how they are tested, or none"),
                measured(report),
                owner("where they are, who signed them, when"),
                owner("measures taken")
            ),
        ),
        (
            "3. Monitoring, functioning and control",
            format!(
                "- Capabilities and limits, accuracy for the groups concerned: the numbers of section 2, on these rows only. {}\n- Foreseeable unintended \
                 outcomes and risks to fundamental rights: {}\n- What input data must be like: {}\n",
                owner("limits in use"),
                owner("risks and where they come from"),
                owner("columns, ranges, what is refused")
            ),
        ),
        (
            "4. Why these measures of performance",
            format!("{}\nLimits that were set:\n\n{}", owner("why these numbers suit this tool"), limits(report)),
        ),
        ("5. Risk management (Article 9)", owner("the system of risk management") + "\n"),
        ("6. Changes over the lifetime", owner("changes since the first version") + "\n"),
        ("7. Standards applied", owner("harmonised standards, or what was done in their place") + "\n"),
        ("8. EU declaration of conformity (Article 47)", owner("a copy") + "\n"),
        ("9. Watching the tool in use (Article 72)", owner("the plan, and who reads the numbers") + "\n"),
    ];
    for (heading, body) in sections {
        let _ = write!(text, "\n## {heading}\n\n{body}");
    }
    text
}
