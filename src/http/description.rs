//! The API, described: `schemas/openapi.json`.

use contract::api::Sources;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{self, Content, Ref, RefOr, Response, Schema};

/// Where a description keeps its schemas.
const SCHEMAS: &str = "#/components/schemas/";
/// The schema that all processors share.
const PROBLEM: &str = "Problem";

#[derive(OpenApi)]
#[openapi(info(
    title = "Ledgerwell",
    description = "Live finance answers from an Odoo change feed. Lists come in pages: pass `next` of one as `after` of the \
                   next. Amounts are decimal text. What went wrong is said as application/problem+json (RFC 9457)."
))]
struct Description;

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
    for item in description.paths.paths.values_mut() {
        for operation in [&mut item.get, &mut item.post].into_iter().flatten() {
            for (status, when) in [("401", "from elsewhere, without a token"), ("503", "not now")] {
                let problem = Content::new(Some(Ref::from_schema_name(PROBLEM)));
                let response =
                    Response::builder().description(when).content("application/problem+json", problem);
                operation.responses.responses.entry(status.into()).or_insert_with(|| response.build().into());
            }
        }
    }
    description
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
