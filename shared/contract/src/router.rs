//! The route table: which declared operation a path and a method name.

use std::collections::BTreeMap;

use crate::spec::Method;

/// What a request's path and method lead to.
#[derive(Debug, PartialEq, Eq)]
pub enum Found<'a, T> {
    /// An operation, with the path's parameters.
    Route(&'a T, BTreeMap<String, String>),
    /// The path exists with these methods only.
    OtherMethods(Vec<Method>),
    /// No such path.
    Nothing,
}

/// Finds the route of a request. Paths are compared as they came: no trailing slash, no folding of case, no decoding of separators.
pub fn find<'a, T>(routes: &'a [T], key: impl Fn(&T) -> (Method, &'static str), method: &str, path: &str) -> Found<'a, T> {
    let mut others = Vec::new();
    for route in routes {
        let (route_method, template) = key(route);
        if let Some(parameters) = matches(template, path) {
            if route_method.as_str() == method {
                return Found::Route(route, parameters);
            }
            others.push(route_method);
        }
    }
    if others.is_empty() {
        Found::Nothing
    } else {
        others.sort_unstable();
        others.dedup();
        Found::OtherMethods(others)
    }
}

fn matches(template: &str, path: &str) -> Option<BTreeMap<String, String>> {
    let (mut left, mut right) = (template.split('/'), path.split('/'));
    let mut parameters = BTreeMap::new();
    loop {
        match (left.next(), right.next()) {
            (None, None) => return Some(parameters),
            (Some(l), Some(r)) => match l.strip_prefix('{').and_then(|l| l.strip_suffix('}')) {
                Some(name) if is_parameter(r) => {
                    parameters.insert(name.to_owned(), r.to_owned());
                }
                None if l == r => {}
                Some(_) | None => return None,
            },
            (Some(_), None) | (None, Some(_)) => return None,
        }
    }
}

/// Ids and tokens are of unreserved characters: whatever needs decoding is no id of ours.
fn is_parameter(segment: &str) -> bool {
    !segment.is_empty() && segment.len() <= 512 && segment.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTES: &[(Method, &str)] = &[(Method::Get, "/v1/a/{id}"), (Method::Delete, "/v1/a/{id}"), (Method::Get, "/v1/b")];

    fn look(method: &str, path: &str) -> Option<usize> {
        match find(ROUTES, |r| *r, method, path) {
            Found::Route(..) => Some(200),
            Found::OtherMethods(_) => Some(405),
            Found::Nothing => None,
        }
    }

    #[test]
    fn routes_are_found_as_declared() {
        assert_eq!(look("GET", "/v1/a/x-1"), Some(200));
        assert_eq!(look("POST", "/v1/a/x"), Some(405));
        let Found::Route(_, parameters) = find(ROUTES, |r| *r, "GET", "/v1/a/x-1") else { panic!("no route") };
        assert_eq!(parameters.get("id").map(String::as_str), Some("x-1"));
        assert_eq!(find(ROUTES, |r| *r, "PUT", "/v1/a/x"), Found::OtherMethods(vec![Method::Get, Method::Delete]));
    }

    #[test]
    fn other_spellings_of_a_path_are_unknown() {
        for path in ["/v1//b", "/v1/b/", "/V1/b", "/v1/B", "//v1/b", "/v1%2fb", "/v1/a/", "/v1/a/x%2fy", "/v1/a/x/y", "/v1/./b", "/", "", "/v1/a/é"] {
            assert_eq!(look("GET", path), None, "{path}");
        }
    }
}
