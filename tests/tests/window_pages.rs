//! The pages of the desk in a window: a number that stands on one is the number that the same program's commands print, to the last
//! digit shown.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use vestibule_tests::place::{drawing_wanted, program, root};
use vestibule_tests::screen::done;
use vestibule_tests::window::Window;

/// Nothing was said for so long: everything stands where it will be.
const STILL: Duration = Duration::from_millis(1500);
/// Pixels of the window, so high that every row of every page is in sight: what is scrolled away is not painted.
const SIZE: [u32; 2] = [1100, 1900];

/// A store of its own, and what its commands say.
struct Engine {
    program: PathBuf,
    folder: tempfile::TempDir,
}

impl Engine {
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(["--demo", "--store"]).arg(self.at("store")).args(args).current_dir(root());
        command
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn says(&self, args: &[&str]) -> Value {
        serde_json::from_str(&done(self.command(args).arg("--json"))).unwrap()
    }
}

fn list(v: &Value) -> &[Value] {
    v.as_array().unwrap()
}

fn number(v: &Value) -> f64 {
    v.as_f64().unwrap()
}

fn text(v: &Value) -> &str {
    v.as_str().unwrap()
}

/// Rows of figures by name.
type Rows = BTreeMap<String, Vec<String>>;

/// A table as it was painted: each name with the cells behind it.
fn table(texts: &[String], named: impl Fn(&str) -> bool, cells: usize) -> Rows {
    let row = |at: usize| Some((texts[at].clone(), texts.get(at + 1..=at + cells)?.to_vec()));
    (0..texts.len()).filter(|at| named(&texts[*at])).filter_map(row).collect()
}

/// Clicks a tick until the picture of the room has another place: the page beside it has come or gone. A slow desk loses a click.
fn turn(desk: &mut Window, id: &str) {
    let before = desk.at("room");
    for _ in 0..4 {
        let tick = desk.at(&format!("show-{id}"));
        desk.screen.click(tick);
        // a busy machine may answer late: a second click would take the first one back
        for _ in 0..8 {
            std::thread::sleep(Duration::from_secs(2));
            if desk.at("room") != before {
                return;
            }
        }
    }
    panic!("{id} neither opens nor closes");
}

/// Opens a page alone, does `more` to it, and closes it again.
fn page<T>(desk: &mut Window, id: &str, more: impl FnOnce(&mut Window) -> T) -> T {
    turn(desk, id);
    let found = more(desk);
    turn(desk, id);
    found
}

/// One table must be the other; says how many figures it is.
fn same(what: &str, got: &Rows, want: &Rows) {
    println!("figure: {what}: {} rows, {} figures", got.len(), got.values().map(Vec::len).sum::<usize>());
    let other: Vec<_> = want.iter().filter(|(name, row)| got.get(*name) != Some(row)).collect();
    assert!(other.is_empty() && got.len() == want.len(), "{what}: the engine says {other:?}, the page {got:?}");
}

/// A structure's figures as a page writes them.
fn figures(structures: &Value, keys: &[&str], write: impl Fn(f64) -> String) -> Rows {
    let row = |s: &Value| (text(&s["name"]).to_owned(), keys.iter().map(|k| write(number(&s[k]))).collect());
    list(structures).iter().map(row).collect()
}

fn two(v: f64) -> String {
    format!("{v:.2}")
}

fn charts(desk: &mut Window, engine: &Engine) {
    let said = engine.says(&["dose", "dvh", "--patient", "SYNTHETIC-1"]);
    let want = figures(&said["structures"], &["d98_gy", "d95_gy", "d50_gy", "d2_gy", "mean_gy"], two);
    let got = page(desk, "charts", |desk| {
        let rows = |texts: &[String]| table(texts, |t| want.contains_key(t), 5);
        rows(&desk.written(|texts| rows(texts).len() >= want.len()))
    });
    same("charts", &got, &want);
}

fn constraints(desk: &mut Window, engine: &Engine) {
    let protocol = ["--protocol", "assets/protocols/synthetic-brain.json"];
    let said = engine.says(&[&["dose", "constraints", "--patient", "SYNTHETIC-1"], &protocol[..]].concat());
    let row = |r: &Value| {
        let wider = r["variation"].as_f64().map_or_else(String::new, |v| format!(" ({v})"));
        let verdict = match text(&r["verdict"]) {
            "within_variation" => "within the variation",
            "not_met" => "not met",
            other => other,
        };
        [
            format!("{} / {}", text(&r["structure"]), text(&r["metric"])),
            format!("{:.2} {}", number(&r["value"]), text(&r["unit"])),
            format!("{} {}{wider}", text(&r["compare"]), number(&r["goal"])),
            verdict.to_owned(),
        ]
    };
    let want: Vec<String> = list(&said["rows"]).iter().flat_map(row).collect();
    let texts = page(desk, "constraints", |desk| desk.written(|texts| texts.contains(&want[want.len() - 4])));
    // reading order is the protocol's, so the whole table is held as it stands
    let from = texts.iter().position(|t| *t == want[0]).expect("the first row");
    println!("figure: constraints: {} rows of value, limit and verdict", want.len() / 4);
    assert_eq!(texts[from..(from + want.len()).min(texts.len())], want);
}

fn comparison(desk: &mut Window, engine: &Engine) {
    let shown = engine.says(&["patient", "show", "SYNTHETIC-1"]);
    let approved = list(&shown["plans"]).iter().find(|p| p["approval"] == "APPROVED").unwrap();
    let other = list(&shown["doses"]).iter().find(|d| d["plan"] != approved["uid"]).unwrap();
    let dvh = |more: &[&str]| engine.says(&[&["dose", "dvh", "--patient", "SYNTHETIC-1"], more].concat());
    let (a, b) = (dvh(&[]), dvh(&["--dose", text(&other["uid"])]));
    let more = |v: f64| if v.abs() < 0.005 { "0.00".to_owned() } else { format!("{v:+.2}") };
    let row = |(a, b): (&Value, &Value)| {
        assert_eq!(a["name"], b["name"]);
        let pair = |k: &&str| [two(number(&a[k])), more(number(&b[k]) - number(&a[k]))];
        (text(&a["name"]).to_owned(), ["d95_gy", "d2_gy", "mean_gy"].iter().flat_map(pair).collect())
    };
    let want: Rows = list(&a["structures"]).iter().zip(list(&b["structures"])).map(row).collect();
    let got = page(desk, "compare", |desk| {
        let rows = |texts: &[String]| table(texts, |t| want.contains_key(t), 6);
        rows(&desk.written(|texts| rows(texts).len() >= want.len()))
    });
    same("compare", &got, &want);
}

fn clearance(desk: &mut Window, engine: &Engine) {
    let said = engine.says(&["patient", "clearance", "SYNTHETIC-1"]);
    // the nearer of body and table, at each beam and on the way to the next
    let nearest = |way: &Value| {
        let near = ["body", "table"].map(|what| (what, &way[what])).into_iter().filter(|n| n.1.is_object());
        let (what, at) = near.min_by(|a, b| number(&a.1["distance_mm"]).total_cmp(&number(&b.1["distance_mm"])))?;
        let mm = number(&at["distance_mm"]);
        let begins = if mm < 0.0 { format!("they meet, by {:.0} mm ", -mm) } else { format!("{mm:.0} mm ") };
        let what = if what == "table" { "table top" } else { what };
        let angles = ["gantry_deg", "couch_deg"].map(|k| number(&at[k]));
        Some((begins, format!(" – {what}   {:.0}° / {:.0}°", angles[0], angles[1])))
    };
    let next = |way| nearest(way).map(|(begins, ends)| (format!("to the next beam: {begins}"), ends));
    let beams = list(&said["beams"]).iter();
    let want: Vec<_> = beams.flat_map(|b| [nearest(&b["at"]), next(&b["to_next"])]).flatten().collect();
    let ways = |texts: &[String]| -> Vec<String> {
        texts.iter().filter(|t| t.contains(" mm ") && t.contains("° / ")).cloned().collect()
    };
    let got = page(desk, "clearance", |desk| ways(&desk.written(|texts| ways(texts).len() >= want.len())));
    println!("figure: clearance: {got:?}");
    assert!(
        got.len() == want.len() && got.iter().zip(&want).all(|(g, w)| g.starts_with(&w.0) && g.ends_with(&w.1)),
        "the engine says {want:?}"
    );
}

fn rates(desk: &mut Window, engine: &Engine) {
    let said = engine.says(&["dose", "rate", "--patient", "SYNTHETIC-1", "--metric", "pbs", "--beam", "1"]);
    let structures = list(&said["beams"][0]["metrics"][0]["structures"]).iter();
    // where nothing of a structure has a rate there is no row
    let highest = |s: &Value| {
        let highest = number(&s["histogram"].as_array()?.last()?[0]);
        Some((
            text(&s["name"]).to_owned(),
            vec![format!("{highest:.3}"), format!("{:.3}", number(&s["median_gy_per_s"]))],
        ))
    };
    let want: Rows = structures.filter_map(highest).collect();
    let got = page(desk, "rates", |desk| {
        desk.click("rates-start", "pixel desk rates-stop");
        let rows = |texts: &[String]| table(texts, |t| want.contains_key(t), 2);
        let made = |texts: &[String]| texts.iter().any(|t| t == "Gy/s 50 %");
        rows(&desk.written(|texts| made(texts) && rows(texts).len() >= want.len()))
    });
    same("highest dose rates and medians", &got, &want);
}

/// What the timeline says of every spot of its first beam, as the page writes it.
fn sentences(beam: &Value) -> Vec<String> {
    let layers = list(&beam["layers"]).iter().enumerate();
    let of = |(i, layer): (usize, &Value)| {
        let energy = number(&layer["energy_mev"]);
        let spot = move |s: &Value| {
            let [x, y, mu, start, long] = ["x_mm", "y_mm", "mu", "start_s", "length_s"].map(|k| number(&s[k]));
            format!(
                "Layer {}   {energy:.2} MeV   {mu:.4} MU / x {x:.1}   y {y:.1} mm   {start:.3} s + {:.2} ms",
                i + 1,
                long * 1e3
            )
        };
        list(&layer["spots"]).iter().map(spot).collect::<Vec<_>>()
    };
    layers.flat_map(of).collect()
}

/// What the timeline says of each layer of its first beam, as the page writes it.
fn layers_said(beam: &Value) -> Vec<String> {
    let layers = list(&beam["layers"]);
    let of = |(i, layer): (usize, &Value)| {
        let spots = list(&layer["spots"]);
        let ends = [spots.first().unwrap(), spots.last().unwrap()].map(|s| number(&s["start_s"]));
        let end = ends[1] + number(&spots.last().unwrap()["length_s"]);
        let (energy, mu) = (number(&layer["energy_mev"]), number(&layer["mu"]));
        format!("{}/{}   {energy:.1} MeV   {mu:.1} MU   {:.1} – {end:.1} s", i + 1, layers.len(), ends[0])
    };
    layers.iter().enumerate().map(of).collect()
}

fn beams(desk: &mut Window, engine: &Engine) {
    let said = engine.says(&["dose", "timeline", "--patient", "SYNTHETIC-1"]);
    let beam = &said["beams"][0];
    let all = sentences(beam);
    let whole = format!("{} spots   {:.1} MU   {:.1} s", beam["spots"], number(&beam["mu"]), number(&beam["length_s"]));
    let layers = layers_said(beam);
    let found = page(desk, "beams", |desk| {
        desk.written(|texts| texts.contains(&whole));
        desk.click("layer-on", "written ");
        let texts = desk.written(|texts| texts.iter().any(|t| t.contains(" MeV   ") && t.ends_with(" s")));
        let layer = texts.iter().find(|t| layers.contains(t));
        println!("figure: beams: a layer is {layer:?}");
        assert!(layer.is_some(), "none of {layers:?} in {texts:?}");
        desk.click("layers-all", "written ");
        let [x, y] = desk.at("beams-eye");
        let mut found = Vec::new();
        for off in [0.0, 38.0, 77.0, -38.0] {
            desk.screen.click([x + off, y]);
            let sentence = |t: &&String| t.starts_with("Layer ") && !found.contains(*t);
            let texts = desk.written(|texts| texts.iter().any(|t| sentence(&t)));
            let new: Vec<_> = texts.iter().filter(sentence).cloned().collect();
            found.extend(new);
        }
        found
    });
    println!("figure: beams: {whole}; {found:#?}");
    let unknown: Vec<_> = found.iter().filter(|s| !all.contains(s)).collect();
    assert!(found.len() >= 4 && unknown.is_empty(), "not in the timeline: {unknown:?}");
}

fn desk_of(engine: &Engine, program: &Path) -> Window {
    let mut desk = Window::start(program, SIZE, "desk", STILL, |c| {
        let how = ["play", "--mode", "clinician", "--window", "--lang", "en"];
        c.args(["--demo", "--store"]).arg(engine.at("desk")).args(how).env("VESTIBULE_STAFF_PIN", "0000");
    });
    desk.wait(&["cross "]);
    desk.screen.take_window(SIZE[0], SIZE[1]);
    // the list of structures is closed, by the arrow left of its tick: what stands below it comes in sight
    let [x, y] = desk.at("show-structures");
    for _ in 0..4 {
        desk.screen.click([x - 20.0, y]);
        std::thread::sleep(Duration::from_secs(2));
        let [.., below] = desk.at("show-margins");
        if below - y < 60.0 {
            return desk;
        }
    }
    panic!("the list of structures does not close");
}

#[test]
fn a_pages_numbers_are_the_engines() {
    if !drawing_wanted("window_pages") {
        return;
    }
    let folder = tempfile::Builder::new().prefix("pages").tempdir_in("/tmp").unwrap();
    let engine = Engine { program: program("VESTIBULE_BIN", "vestibule"), folder };
    done(Command::new(program("VESTIBULE_PHANTOM_BIN", "phantom")).arg("--tiny").arg(engine.at("study")));
    done(engine.command(&["patient", "import"]).arg(engine.at("study")));
    // the desk has a store of its own: one program at a time opens a store
    done(Command::new("cp").arg("-r").arg(engine.at("store")).arg(engine.at("desk")));
    let mut desk = desk_of(&engine, &engine.program);
    charts(&mut desk, &engine);
    constraints(&mut desk, &engine);
    comparison(&mut desk, &engine);
    clearance(&mut desk, &engine);
    rates(&mut desk, &engine);
    // after all that is of the plan's own dose: who goes to a spot sees the dose grow from then on
    beams(&mut desk, &engine);
}
