//! The house's invariants, held over `cargo metadata`: nothing below `app` depends on Bevy, wgpu or OpenXR, and the
//! crates' imports only point down.

#![expect(clippy::expect_used, reason = "a test says what it misses by failing")]

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// Top of the house first; an import may only point further down.
const HOUSE: [&str; 8] = [
    "vestibule",
    "vestibule-app",
    "vestibule-scenario",
    "vestibule-record",
    "vestibule-dose",
    "vestibule-dicom",
    "vestibule-patient",
    "vestibule-geometry",
];

struct Graph {
    name: BTreeMap<String, String>,
    /// Normal and build dependencies, by package id.
    needs: BTreeMap<String, Vec<String>>,
}

fn graph() -> Graph {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    // what other systems need was never fetched on a fresh machine
    let version = Command::new(&cargo).arg("-vV").output().expect("cargo says its version");
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    let host = version.lines().find_map(|l| l.strip_prefix("host: ")).expect("cargo names its host");
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
    let out = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", host])
        .args(["--manifest-path", manifest])
        .output()
        .expect("cargo metadata runs");
    assert!(out.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&out.stderr));
    let meta: Value = serde_json::from_slice(&out.stdout).expect("JSON");
    let text = |v: &Value| v.as_str().expect("a string").to_owned();
    let name =
        meta["packages"].as_array().expect("packages").iter().map(|p| (text(&p["id"]), text(&p["name"]))).collect();
    let mut needs = BTreeMap::new();
    for node in meta["resolve"]["nodes"].as_array().expect("nodes") {
        let deps = node["deps"].as_array().expect("deps").iter();
        let shipped = deps.filter(|d| d["dep_kinds"].as_array().is_some_and(|k| k.iter().any(|k| k["kind"] != "dev")));
        needs.insert(text(&node["id"]), shipped.map(|d| text(&d["pkg"])).collect());
    }
    Graph { name, needs }
}

impl Graph {
    fn id(&self, name: &str) -> &str {
        self.name.iter().find(|(_, n)| *n == name).map(|(id, _)| id.as_str()).expect(name)
    }

    fn direct(&self, name: &str) -> BTreeSet<&str> {
        self.needs[self.id(name)].iter().map(|id| self.name[id].as_str()).collect()
    }

    fn all(&self, name: &str) -> BTreeSet<&str> {
        let mut seen = BTreeSet::new();
        let mut todo = vec![self.id(name)];
        while let Some(id) = todo.pop() {
            for next in &self.needs[id] {
                if seen.insert(self.name[next].as_str()) {
                    todo.push(next);
                }
            }
        }
        seen
    }
}

#[test]
fn nothing_below_the_app_knows_bevy_wgpu_or_openxr() {
    let g = graph();
    let heavy = |n: &&str| n.starts_with("bevy") || n.starts_with("wgpu") || *n == "openxr" || n.starts_with("egui");
    assert!(g.all("vestibule-app").iter().any(heavy), "the test must see Bevy where it is");
    for below in HOUSE.iter().skip(2) {
        let found: Vec<_> = g.all(below).into_iter().filter(|n| heavy(n)).collect();
        assert!(found.is_empty(), "{below} depends on {found:?}");
    }
}

#[test]
fn imports_only_point_down() {
    let g = graph();
    for (k, room) in HOUSE.iter().enumerate() {
        for import in g.direct(room).into_iter().filter(|n| n.starts_with("vestibule")) {
            let at =
                HOUSE.iter().position(|h| *h == import).unwrap_or_else(|| panic!("{import} has no place in the house"));
            assert!(at > k, "{room} imports {import}, which is above it");
        }
    }
    assert!(g.direct("vestibule-geometry").iter().all(|n| !n.starts_with("vestibule")), "geometry imports no sibling");
}

#[test]
fn only_cli_and_record_know_dicom() {
    let g = graph();
    for room in ["vestibule-app", "vestibule-scenario", "vestibule-dose", "vestibule-patient", "vestibule-geometry"] {
        assert!(!g.direct(room).contains("vestibule-dicom"), "{room} imports vestibule-dicom");
        let crates: Vec<_> = g.direct(room).into_iter().filter(|n| n.starts_with("dicom-")).collect();
        assert!(crates.is_empty(), "{room} names {crates:?}");
    }
}

#[test]
fn every_room_says_in_one_sentence_what_it_is() {
    for room in HOUSE {
        let folder = room.strip_prefix("vestibule-").unwrap_or("cli");
        let main = if folder == "cli" { "main.rs" } else { "lib.rs" };
        let path = format!("{}/../game/{folder}/src/{main}", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).expect(&path);
        assert!(text.starts_with("//! ") && text.lines().next().is_some_and(|l| l.len() > 20), "{path} has no head");
    }
}
