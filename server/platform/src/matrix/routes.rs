//! What a router answers, as it tells of itself: for tests that hold a table of their own against it.

use std::collections::{BTreeMap, BTreeSet};

/// Routes that a router holds, as methods and paths, read from what it says of itself (axum 0.8).
pub(crate) fn routes(router: &axum::Router) -> BTreeSet<(String, String)> {
    let text = format!("{router:?}");
    // What answers where there is no route stands after.
    let text = text.split(", fallback_router: ").next().unwrap_or_default();
    let (mut methods, mut paths) = (BTreeMap::new(), BTreeMap::new());
    for piece in text.split("RouteId(").skip(1) {
        let Some((id, rest)) = piece.split_once("): ") else {
            continue;
        };
        if let Some(path) = rest.strip_prefix('"') {
            paths.insert(
                id.to_owned(),
                path.split('"').next().unwrap_or_default().to_owned(),
            );
        } else {
            let has = |method: &&str| {
                ["BoxedHandler", "Route"]
                    .iter()
                    .any(|kind| rest.contains(&format!("{method}: {kind}")))
            };
            let held = ["get", "post", "put", "patch", "delete"].into_iter().filter(has);
            methods.insert(id.to_owned(), held.map(str::to_uppercase).collect::<Vec<_>>());
        }
    }
    let mut routes = BTreeSet::new();
    for (id, path) in paths {
        for method in methods.get(&id).into_iter().flatten() {
            routes.insert((method.clone(), path.clone()));
        }
    }
    routes
}
