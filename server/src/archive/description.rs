//! What programs may ask of the server, as OpenAPI 3.1: written by hand, in `assets/openapi.json`, and told to everybody.
//!
//! A new address of an interface is described there; a test compares it with the routes. Pages are for people, and not in it.

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;
use axum::routing::get;

#[cfg(test)]
#[path = "../../platform/src/matrix/routes.rs"]
mod routes;

const DESCRIPTION: &str = include_str!("../../assets/openapi.json");

/// `/api/openapi.json`.
pub(super) fn router() -> Router {
    Router::new().route("/api/openapi.json", get(told))
}

async fn told() -> impl IntoResponse {
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "public, max-age=3600"),
    ];
    (headers, DESCRIPTION)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::sync::Arc;

    use axum::body::Body;
    use axum::http::{Request, StatusCode};
    use pacs::access::Open;
    use pacs::http::App;
    use platform::clients::model::SCOPES;
    use serde_json::Value;
    use tower::ServiceExt as _;

    use super::DESCRIPTION;
    use super::routes::routes;
    use crate::archive::health::Drain;
    use crate::archive::{open, serve, site};
    use crate::config::Config;

    fn description() -> Value {
        serde_json::from_str(DESCRIPTION).unwrap()
    }

    /// Method, path and description of each operation.
    fn operations(description: &Value) -> Vec<(String, String, &Value)> {
        let paths = description["paths"].as_object().unwrap().iter();
        let operations = paths.flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().iter();
            methods.map(|(method, operation)| (method.to_uppercase(), path.clone(), operation))
        });
        operations.collect()
    }

    /// A path as descriptions write it.
    fn plain(path: &str) -> String {
        path.replace("{*", "{")
    }

    /// Whether a program asks for it, or sends a browser there; everything else of the platform is a page.
    fn is_for_programs(path: &str) -> bool {
        let beginnings = ["/oauth/", "/.well-known/", "/api/"];
        beginnings.iter().any(|beginning| path.starts_with(beginning))
    }

    #[tokio::test]
    async fn every_route_for_programs_is_described_and_nothing_else() {
        let folder = std::env::temp_dir().join(format!("uptake-description-{}", std::process::id()));
        let config = Config {
            data: folder.clone(),
            ..Config::default()
        };
        let archive = open(&config).await.unwrap();
        let platform = site::open(&config, &archive).await.unwrap();
        let app = App::new(archive, Arc::new(Open));
        let whole = serve::router(&config, app.clone(), None, Some(&platform), &Drain::default()).unwrap();
        let pages = routes(&platform::router(&platform, &app));
        let routed: BTreeSet<(String, String)> = routes(&whole)
            .into_iter()
            .filter(|route| !pages.contains(route) || is_for_programs(&route.1))
            .map(|(method, path)| (method, plain(&path)))
            .collect();
        let described = description();
        let described: BTreeSet<(String, String)> = operations(&described)
            .into_iter()
            // What is routed beside others is not told of the router.
            .filter(|(method, ..)| !["HEAD", "OPTIONS"].contains(&method.as_str()))
            .map(|(method, path, _)| (method, path))
            .collect();
        let differing: Vec<_> = routed.symmetric_difference(&described).collect();
        assert!(
            differing.is_empty() && routed.len() > 75,
            "{differing:#?} of {}",
            routed.len()
        );
        // Whoever asks is told, and a browser may keep it: nothing in it is of this site.
        let request = Request::get("/api/openapi.json").body(Body::empty()).unwrap();
        let answer = whole.oneshot(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()["content-type"], "application/json");
        std::fs::remove_dir_all(&folder).unwrap();
    }

    /// Calls for each reference of a value.
    fn references<'a>(value: &'a Value, met: &mut impl FnMut(&'a str)) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    match (name.as_str(), value) {
                        ("$ref", Value::String(to)) => met(to),
                        _ => references(value, met),
                    }
                }
            }
            Value::Array(values) => values.iter().for_each(|value| references(value, met)),
            _ => {}
        }
    }

    #[test]
    fn it_names_nothing_that_it_does_not_hold() {
        let description = description();
        let mut named = BTreeSet::new();
        references(&description, &mut |to| {
            let pointer = to.strip_prefix('#').unwrap();
            assert!(description.pointer(pointer).is_some(), "{to}");
            named.insert(to.to_owned());
        });
        for kind in ["parameters", "responses", "schemas"] {
            for name in description["components"][kind].as_object().unwrap().keys() {
                let to = format!("#/components/{kind}/{name}");
                assert!(named.contains(&to), "{to} is named nowhere");
            }
        }
        let schemes = description["components"]["securitySchemes"].as_object().unwrap();
        let tags: Vec<&Value> = description["tags"]
            .as_array()
            .unwrap()
            .iter()
            .map(|tag| &tag["name"])
            .collect();
        let mut ids = BTreeMap::new();
        for (method, path, operation) in operations(&description) {
            let id = operation["operationId"].as_str().unwrap();
            assert_eq!(ids.insert(id, path.clone()), None, "{id}");
            assert!(
                operation["tags"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .all(|tag| tags.contains(&tag)),
                "{id}"
            );
            let security = operation.get("security").or(description.get("security"));
            if let Some(ways) = security {
                for name in ways
                    .as_array()
                    .unwrap()
                    .iter()
                    .flat_map(|way| way.as_object().unwrap().keys())
                {
                    assert!(schemes.contains_key(name), "{method} {path}: {name}");
                }
            }
            let held = |parameter: &Value| match parameter["$ref"].as_str() {
                Some(to) => description.pointer(&to[1..]).unwrap().clone(),
                None => parameter.clone(),
            };
            let parameters = operation["parameters"].as_array().into_iter().flatten().map(held);
            let in_path: BTreeSet<String> = parameters
                .filter(|parameter| parameter["in"] == "path")
                .map(|parameter| parameter["name"].as_str().unwrap().to_owned())
                .collect();
            let of_path = path
                .split('{')
                .skip(1)
                .map(|rest| rest.split('}').next().unwrap().to_owned());
            assert_eq!(in_path, of_path.collect(), "{method} {path}");
        }
    }

    #[test]
    fn its_scopes_are_those_that_there_are() {
        let description = description();
        let flows = &description["components"]["securitySchemes"]["oauth"]["flows"];
        let words = |flow: &str| -> BTreeSet<String> {
            flows[flow]["scopes"]
                .as_object()
                .unwrap()
                .keys()
                .cloned()
                .collect()
        };
        let all = SCOPES.iter().map(|scope| scope.word.to_owned());
        assert_eq!(words("authorizationCode"), all.collect());
        let own = SCOPES
            .iter()
            .filter(|scope| !scope.is_personal)
            .map(|scope| scope.word.to_owned());
        assert_eq!(words("clientCredentials"), own.collect());
        for (_, path, operation) in operations(&description) {
            for way in operation["security"].as_array().into_iter().flatten() {
                for scope in way["oauth"].as_array().into_iter().flatten() {
                    assert!(
                        words("authorizationCode").contains(scope.as_str().unwrap()),
                        "{path} {scope}"
                    );
                }
            }
        }
    }
}
