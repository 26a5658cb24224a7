//! Files that are made from the declarations are as fresh as their source; the table of rules names tests that are there.

use std::path::{Path, PathBuf};

use sportello_local::documents;

/// The repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[test]
fn generated_files_are_fresh() {
    let root = root();
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap_or_default();
    let stale: Vec<String> = documents::files(read).into_iter().filter(|(path, text)| read(path) != *text).map(|(path, _)| path).collect();
    assert!(stale.is_empty(), "run `cargo run -- generate`: {stale:?}");
}

#[test]
fn no_file_of_a_function_is_left_over() {
    let root = root();
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap_or_default();
    let known: Vec<String> = documents::files(read).into_iter().map(|(path, _)| path).collect();
    for folder in ["functions/customer-area/src/bin", "functions/selfcare/src/bin", "functions/internal/src/bin", "functions/jobs/src/bin", "tests/fixtures"] {
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

/// Rules are numbered from 1 to this: the rule book of which the table speaks is not in the repository, so a new rule is counted here too.
const RULES: usize = 71;

/// Rules that nothing proves, for nothing of them is built. It may only shrink.
const WAITING_RULES: usize = 7;

/// The file that the table means: `suite/x` is here, `<crate>/x` in the sources of that crate or else beside them.
fn file_of(name: &str) -> Option<PathBuf> {
    let (first, rest) = name.split_once('/')?;
    let folders = match first {
        "suite" => vec!["tests/suite".to_owned()],
        krate => vec![format!("shared/{krate}/src"), format!("shared/{krate}")],
    };
    folders.iter().map(|folder| root().join(folder).join(format!("{rest}.rs"))).find(|file| file.is_file())
}

/// Whether a text holds a test of that name, which is not switched off.
fn is_test(text: &str, name: &str) -> bool {
    let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
    let head = format!("fn {name}(");
    let at = lines.iter().position(|line| line.trim_start_matches("async ").starts_with(&head)).unwrap_or_default();
    let attributes: Vec<&str> = lines[..at].iter().rev().copied().take_while(|line| line.starts_with("#[")).collect();
    let tested = attributes.iter().any(|line| *line == "#[test]" || line.starts_with("#[tokio::test"));
    tested && !attributes.iter().any(|line| line.starts_with("#[ignore"))
}

/// What is wrong with a table of rules, and how many of its rows only wait.
fn judge(table: &str) -> (Vec<String>, usize) {
    let (mut wrong, mut numbers, mut waiting) = (Vec::new(), Vec::new(), 0);
    for row in table.lines().filter(|line| line.starts_with('|')).skip(2) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [rule, proof] = cells[..] else {
            wrong.push(format!("a row has two cells: {row}"));
            continue;
        };
        numbers.push(rule.parse::<usize>().unwrap_or_default());
        let (tests, waits) = proof.split_once("waits: ").map_or((proof, false), |(tests, _)| (tests, true));
        // Names stand between backticks, and between them nothing but what parts them.
        let (names, between): (Vec<_>, Vec<_>) = tests.split('`').enumerate().partition(|(index, _)| !index.is_multiple_of(2));
        for (_, name) in &names {
            let (file, test) = name.split_once(": ").unwrap_or_default();
            match file_of(file) {
                None => wrong.push(format!("rule {rule}: `{name}` names no file")),
                Some(path) if is_test(&std::fs::read_to_string(&path).unwrap(), test) => {}
                Some(path) => wrong.push(format!("rule {rule}: {} has no test `{test}`", path.display())),
            }
        }
        if between.iter().any(|(_, text)| !text.trim_matches([',', ';', ' ']).is_empty()) {
            wrong.push(format!("rule {rule}: neither a test nor `waits: `: {tests}"));
        }
        if names.is_empty() && !waits {
            wrong.push(format!("rule {rule} has neither tests nor what it waits for"));
        }
        waiting += usize::from(names.is_empty() && waits);
    }
    for rule in 1..=RULES {
        let rows = numbers.iter().filter(|number| **number == rule).count();
        if rows != 1 {
            wrong.push(format!("rule {rule} has {rows} rows"));
        }
    }
    if numbers.len() != RULES || !numbers.is_sorted() {
        wrong.push(format!("the rows are those of 1 to {RULES}, in this order: {numbers:?}"));
    }
    (wrong, waiting)
}

#[test]
fn every_rule_names_tests_that_are_there_or_what_it_waits_for() {
    let text = std::fs::read_to_string(root().join("tests/README.md")).unwrap();
    let (_, rest) = text.split_once("\n## Rules\n").unwrap();
    let (wrong, waiting) = judge(rest.split("\n## ").next().unwrap());
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(waiting, WAITING_RULES, "rows that only wait: lower the number where there are fewer, never raise it");
}

#[test]
fn a_table_of_rules_that_is_wrong_is_noticed() {
    let good = "`suite/generated: ids_and_routes_are_unique`";
    let row = |rule: usize, proof: &str| format!("| {rule} | {proof} |\n");
    let rows: Vec<String> = (1..=RULES).map(|rule| row(rule, good)).collect();
    let judged = |rows: &[String]| judge(&format!("| Rule | Tests |\n| --- | --- |\n{}", rows.concat()));
    let with = |proof: &str| {
        let mut rows = rows.clone();
        rows[6] = row(7, proof);
        judged(&rows)
    };
    assert_eq!(judged(&rows), (Vec::new(), 0));
    assert_eq!(with("waits: contacts"), (Vec::new(), 1));
    assert_eq!(with(&format!("{good}, `rules/otp: a_step_is_good_once`; waits: contacts")), (Vec::new(), 0));
    assert_eq!(with("`paper/tests/codes: a_picture_is_read_back`").0, Vec::<String>::new());
    for proof in [
        "",
        "waits:",
        "it is so",
        "`suite/generated`",
        "`suite/nowhere: ids_and_routes_are_unique`",
        "`suite/generated: ids_and_routes`",
        "`suite/generated: judge`",
        "see `suite/generated: ids_and_routes_are_unique`",
        "waits: a | b",
    ] {
        assert!(!with(proof).0.is_empty(), "{proof}");
    }
    let twice = [&rows[..7], &rows[6..]].concat();
    let missing = [&rows[..6], &rows[7..]].concat();
    let one_more = [&rows[..], &[row(RULES + 1, good)]].concat();
    let turned: Vec<String> = rows.iter().rev().cloned().collect();
    for rows in [twice, missing, one_more, turned, Vec::new()] {
        assert!(!judged(&rows).0.is_empty(), "{rows:?}");
    }
}
