//! Files that are made from the declarations are as fresh as their source.

use std::path::Path;

use sportello_local::documents;

#[test]
fn generated_files_are_fresh() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap_or_default();
    let stale: Vec<String> = documents::files(read).into_iter().filter(|(path, text)| read(path) != *text).map(|(path, _)| path).collect();
    assert!(stale.is_empty(), "run `cargo run -- generate`: {stale:?}");
}

#[test]
fn no_file_of_a_function_is_left_over() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap_or_default();
    let known: Vec<String> = documents::files(read).into_iter().map(|(path, _)| path).collect();
    for folder in ["functions/customer-area/src/bin", "functions/selfcare/src/bin", "functions/jobs/src/bin", "tests/fixtures"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = format!("{folder}/{}", entry.unwrap().file_name().to_string_lossy());
            assert!(known.contains(&path), "{path} belongs to no operation");
        }
    }
}

#[test]
fn every_operation_stands_in_a_file_of_its_name() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../functions");
    let ids = sportello_local::operations()
        .iter()
        .map(|entry| entry.described.spec.id)
        .chain(sportello_local::jobs().iter().map(|job| job.spec.id))
        .collect::<Vec<_>>();
    for id in ids {
        let (area, rest) = id.split_once('.').unwrap();
        let krate = if area == "customer" { "customer-area" } else { area };
        let file = root.join(krate).join("src").join(format!("{}.rs", rest.replace(['.', '-'], "_")));
        let text = std::fs::read_to_string(&file).unwrap_or_else(|_| panic!("{id} has no file {}", file.display()));
        assert!(text.starts_with("//! "), "{id}");
        if let Some(entry) = sportello_local::operations().iter().find(|entry| entry.described.spec.id == id) {
            let route = format!("//! {} {}:", entry.described.spec.method.as_str(), entry.described.spec.path);
            assert!(text.starts_with(&route), "{} begins with its route, {route}", file.display());
        }
    }
}

#[test]
fn ids_and_routes_are_unique() {
    let mut seen = std::collections::BTreeSet::new();
    for entry in sportello_local::operations() {
        let spec = &entry.described.spec;
        assert!(seen.insert(spec.id.to_owned()), "{}", spec.id);
        assert!(seen.insert(format!("{} {}", spec.method.as_str(), spec.path)), "{}", spec.path);
        assert!(spec.path.starts_with("/v1/"));
    }
}
