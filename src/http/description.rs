//! The API, described: `schemas/openapi.json`.

use contract::api::Sources;
use contract::api::http::Problem;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use utoipa::OpenApi;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{self, Content, Ref, RefOr, Response, Schema};

/// Where a description keeps its schemas.
const SCHEMAS: &str = "#/components/schemas/";
/// The schema that all processors share.
const PROBLEM: &str = "Problem";

#[derive(OpenApi)]
#[openapi(
    components(schemas(Problem)),
    info(
        title = "Ledgerwell",
        description = "Live finance answers from an Odoo change feed. Lists come in pages: pass `next` of one as `after` of the \
                   next. Amounts are decimal text. What went wrong is said as application/problem+json (RFC 9457)."
    )
)]
struct Description;

/// What may be answered instead of what was asked for.
const PROBLEMS: [(&str, &str); 6] = [
    ("400", "What was asked cannot be understood."),
    ("401", "A token is needed."),
    ("403", "The token's role does not allow it."),
    ("404", "There is no such thing."),
    ("500", "It needs an operator."),
    ("503", "Not now; try again."),
];
/// What else may be answered to those who ask for something.
const PROBLEMS_OF_REQUESTS: [(&str, &str); 4] = [
    ("408", "The body came too slowly."),
    ("409", "The Idempotency-Key was used for another request."),
    ("413", "The body is too large."),
    ("415", "The body is no JSON."),
];

/// The API, described: `schemas/openapi.json`.
pub fn description() -> openapi::OpenApi {
    let mut description = Description::openapi();
    description.merge(super::api(&Sources::new([])).into_openapi());
    let scheme =
        HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("Made by `ledgerwell token`."));
    description
        .components
        .get_or_insert_default()
        .add_security_scheme("token", SecurityScheme::Http(scheme.build()));
    for (path, item) in &mut description.paths.paths {
        if let Some(get) = &mut item.get {
            describe(get, "get", path, &PROBLEMS);
            // While nobody has a token, reads from the machine itself need none.
            get.security =
                Some(vec![SecurityRequirement::new("token", [""; 0]), SecurityRequirement::default()]);
        }
        if let Some(post) = &mut item.post {
            describe(post, "post", path, &[&PROBLEMS[..], &PROBLEMS_OF_REQUESTS].concat());
        }
    }
    description
}

/// What all operations of a method have in common: a name that no other has, and problems.
fn describe(operation: &mut Operation, method: &str, path: &str, problems: &[(&str, &str)]) {
    let words = path.trim_start_matches("/api/v1/").split(|letter: char| !letter.is_ascii_alphanumeric());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    operation.operation_id = Some(format!("{method}_{}", words.join("_")));
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && response.description.is_empty()
        {
            let taken = status == "202";
            response.description = if taken { "It was taken on." } else { "What was asked for." }.into();
        }
    }
    for (status, when) in problems {
        let problem = Content::new(Some(Ref::from_schema_name(PROBLEM)));
        let response = Response::builder().description(*when).content("application/problem+json", problem);
        operation.responses.responses.insert((*status).into(), response.build().into());
    }
}

/// Puts the processor's name before the names of the schemas that it declares: two of them may have an `Explanation` each.
pub(super) fn qualify(processor: &str, description: &mut openapi::OpenApi) {
    qualify_references(processor, description);
    if let Some(components) = &mut description.components {
        let schemas = std::mem::take(&mut components.schemas).into_iter();
        components.schemas = schemas.map(|(name, schema)| (qualified(processor, &name), schema)).collect();
    }
}

/// The same for schemas that belong to no description yet.
pub(super) fn qualify_schemas(processor: &str, schemas: &mut [(String, RefOr<Schema>)]) {
    for (name, schema) in schemas {
        *name = qualified(processor, name);
        qualify_references(processor, schema);
    }
}

/// The name in the description of what a processor calls `name`.
pub(super) fn qualified(processor: &str, name: &str) -> String {
    if name == PROBLEM { name.to_owned() } else { format!("{processor}.{name}") }
}

fn qualify_references<T: Serialize + DeserializeOwned>(processor: &str, described: &mut T) {
    fn walk(processor: &str, value: &mut Value) {
        match value {
            Value::Object(members) => {
                for (key, member) in members {
                    match member {
                        Value::String(to) if key == "$ref" => {
                            if let Some(name) = to.strip_prefix(SCHEMAS) {
                                *to = format!("{SCHEMAS}{}", qualified(processor, name));
                            }
                        }
                        member => walk(processor, member),
                    }
                }
            }
            Value::Array(elements) => elements.iter_mut().for_each(|element| walk(processor, element)),
            _ => {}
        }
    }
    let Ok(mut value) = serde_json::to_value(&*described) else { return };
    walk(processor, &mut value);
    if let Ok(qualified) = serde_json::from_value(value) {
        *described = qualified;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_operation_has_a_name_of_its_own() {
        let description = description();
        let items = description.paths.paths.values();
        let operations = items.flat_map(|item| [&item.get, &item.post]).flatten();
        let mut names: Vec<_> = operations.map(|operation| operation.operation_id.clone().unwrap()).collect();
        let all = names.len();
        names.sort();
        names.dedup();
        assert!(
            names.len() == all && names.contains(&"get_dead_letters_processor_offset".into()),
            "{names:?}"
        );
    }

    #[test]
    fn schemas_of_a_processor_bear_its_name() {
        let text = r##"{ "openapi": "3.1.0", "info": { "title": "", "version": "" }, "paths": {}, "components": { "schemas": {
            "Page": { "type": "object", "properties": { "why": { "$ref": "#/components/schemas/Why" },
                "not": { "$ref": "#/components/schemas/Problem" } } },
            "Problem": { "type": "object" }, "Why": { "type": "string" } } } }"##;
        let mut description: openapi::OpenApi = serde_json::from_str(text).unwrap();
        qualify("example", &mut description);
        let described = serde_json::to_value(&description).unwrap();
        let schemas = &described["components"]["schemas"];
        assert_eq!(
            schemas.as_object().unwrap().keys().collect::<Vec<_>>(),
            ["Problem", "example.Page", "example.Why"]
        );
        let properties = &schemas["example.Page"]["properties"];
        assert_eq!(properties["why"]["$ref"], "#/components/schemas/example.Why");
        assert_eq!(properties["not"]["$ref"], "#/components/schemas/Problem");
    }

    #[test]
    fn whatever_a_description_refers_to_is_in_it() {
        let described = serde_json::to_value(description()).unwrap();
        let text = described.to_string();
        for reference in text.split(SCHEMAS).skip(1) {
            let name = reference.split('"').next().unwrap();
            assert!(described["components"]["schemas"].get(name).is_some(), "there is no schema {name}");
        }
    }
}
