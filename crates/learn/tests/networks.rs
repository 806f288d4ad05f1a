//! Networks stand in a registry: their cards tell the truth, a recipe names one, and without a name the rows decide.

use std::collections::BTreeMap;

use evenhand_catalog::{Kind, Literal, find};
use evenhand_learn::{Architecture, InterviewArchitecture, NETWORKS};
use serde_json::Value;

fn written(value: impl serde::Serialize) -> BTreeMap<String, Value> {
    serde_json::from_value(serde_json::to_value(value).unwrap()).unwrap()
}

/// A default as it stands in a recipe; numbers without a fraction are whole there.
fn shown(default: Literal) -> Option<Value> {
    let number = |number: f64| if number.fract() == 0.0 { Value::from(number as i64) } else { Value::from(number) };
    match default {
        Literal::Absent => None,
        Literal::Number(value) => Some(Value::from(value)),
        Literal::Integer(value) => Some(Value::from(value)),
        Literal::Flag(value) => Some(Value::from(value)),
        Literal::Text(value) => Some(Value::from(value)),
        Literal::Numbers(values) => Some(Value::from(values.iter().map(|&value| number(value)).collect::<Vec<Value>>())),
        Literal::Required => panic!("the networks of tables and recordings need nothing"),
    }
}

#[test]
fn cards_name_the_keys_of_the_recipe_with_their_defaults() {
    for (id, keys) in [("mlp", written(Architecture::default())), ("interview", written(InterviewArchitecture::default()))] {
        let card = find(NETWORKS, id).unwrap().card;
        assert_eq!(card.kind, Kind::Network);
        let told: BTreeMap<String, Value> =
            card.parameters.iter().filter_map(|parameter| Some((parameter.name.to_owned(), shown(parameter.default)?))).collect();
        assert_eq!(told, keys, "{id}");
    }
}

#[test]
fn a_network_is_written_as_its_id_or_with_parameters() {
    let read = |text: &str| serde_json::from_str::<Architecture>(text);
    let named = read(r#"{"network": "mlp", "hidden": [4]}"#).unwrap();
    named.check().unwrap();
    assert_eq!(written(&named)["network"], "mlp");
    assert!(!written(Architecture::default()).contains_key("network"), "what is not given is not written: folders keep their bytes");
    let message = |text: &str| read(text).unwrap().check().unwrap_err().to_string();
    assert_eq!(message(r#"{"network": "mpl"}"#), "`mpl` is not known; did you mean `mlp`?; known are mlp, interview");
    let inside = message(r#"{"network": {"id": "mlp", "dropout": 0.1}}"#);
    assert_eq!(inside, "`mlp`: `dropout` is a key of [model]; write it there");
    let unknown = message(r#"{"network": {"id": "interview", "depth": 1}}"#);
    assert!(unknown.starts_with("`interview` has no parameter `depth`"), "{unknown}");
}
