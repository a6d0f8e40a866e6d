//! The built program and its store: keys, exit codes, the JSON that scripts read.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use vestibule_record::*;

/// The program, as `tools/test` names it or as Cargo built it beside us; None: not built.
fn program() -> Option<PathBuf> {
    let named = ["VESTIBULE_HEADLESS_BIN", "VESTIBULE_BIN"].into_iter().find_map(std::env::var_os).map(PathBuf::from);
    let beside = || std::env::current_exe().ok()?.parent()?.parent().map(|d| d.join("vestibule"));
    named.or_else(beside).filter(|p| p.is_file())
}

macro_rules! program_or_skip {
    ($name:literal) => {
        match program() {
            Some(program) => program,
            None => {
                println!("SKIPPED {}: the program is not built (cargo build -p vestibule)", $name);
                return;
            }
        }
    };
}

/// Runs it with nothing in its environment that could give a store or a key away, on a pipe.
fn run(program: &Path, store: &Path, args: &[&str], adjust: impl FnOnce(&mut Command)) -> (i32, String, String) {
    let mut command = Command::new(program);
    command.arg("--store").arg(store).args(args).stdin(Stdio::null());
    for name in ["VESTIBULE_STORE", "VESTIBULE_PASSPHRASE", "VESTIBULE_STAFF_PIN"] {
        command.env_remove(name);
    }
    adjust(&mut command);
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |b: Vec<u8>| String::from_utf8(b).unwrap();
    (status.code().expect("it ends by itself"), text(stdout), text(stderr))
}

/// Adds a variable to its environment.
fn set<'a>(name: &'a str, value: &'a str) -> impl Fn(&mut Command) + Copy + 'a {
    move |command| {
        command.env(name, value);
    }
}

fn secret_file(folder: &Path, name: &str, text: &str, mode: u32) -> String {
    use std::os::unix::fs::PermissionsExt;
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
    path.to_str().unwrap().into()
}

#[test]
fn a_passphrase_comes_from_a_private_file_or_descriptor_and_is_never_asked_for_on_a_pipe() {
    let program = program_or_skip!("store_program");
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let plain = |_: &mut Command| {};
    let pass = secret_file(folder.path(), "pass", "un cheval bleu\n", 0o600);
    let open_to_all = secret_file(folder.path(), "open", "un cheval bleu\n", 0o644);
    let wrong = secret_file(folder.path(), "wrong", "un cheval vert\n", 0o600);
    let short = secret_file(folder.path(), "short", "bleu\n", 0o600);
    let pin = secret_file(folder.path(), "pin", "4821\n", 0o600);
    let set_pin = |how: &[&str]| {
        run(&program, &store, &[how, &["record", "staff", "set-pin", "--pin-file", &pin]].concat(), plain)
    };

    let (code, _, err) = run(&program, &store, &["--passphrase-file", &pass, "record", "verify"], plain);
    assert!(code == 1 && err.contains("there is no store"), "{code} {err}");
    let (code, _, err) = set_pin(&[]);
    assert!(code == 2 && err.contains("--passphrase-file"), "{code} {err}");
    // From the environment only for a demonstration.
    let args = ["record", "staff", "set-pin", "--pin-file", &pin];
    let (code, _, err) = run(&program, &store, &args, set("VESTIBULE_PASSPHRASE", "un cheval bleu"));
    assert!(code == 2, "{code} {err}");
    let (code, _, err) = set_pin(&["--passphrase-file", &open_to_all]);
    assert!(code == 2 && err.contains("chmod 600"), "{code} {err}");
    let (code, _, err) = set_pin(&["--passphrase-file", &short]);
    assert!(code == 2 && err.contains("too short"), "{code} {err}");
    assert!(!store.exists(), "nothing was made so far");

    let (code, _, err) = set_pin(&["--passphrase-file", &pass]);
    assert!(code == 0 && err.contains("recovery key"), "{code} {err}");
    let recovery =
        err.lines().map(str::trim).find(|l| l.split('-').count() == 14).expect("the recovery key").to_owned();
    let (code, out, err) = run(&program, &store, &["--passphrase-file", &pass, "record", "verify", "--json"], plain);
    assert!(code == 0 && !err.contains("recovery key"), "{code} {err}");
    assert_eq!(serde_json::from_str::<serde_json::Value>(&out).unwrap()["ok"], true);
    let (code, _, err) = run(&program, &store, &["--passphrase-file", &wrong, "record", "verify"], plain);
    assert!(code == 1 && err.contains("passphrase does not open") && err.lines().count() == 1, "{code} {err}");
    let (code, _, err) = run(&program, &store, &["--demo", "record", "verify"], plain);
    assert!(code == 1 && err.contains("not a demonstration store"), "{code} {err}");

    // By descriptor: the shell opens 3 for us.
    let script = "exec 3<\"$2\"; exec \"$0\" --store \"$1\" --passphrase-fd 3 record verify";
    let by_fd = Command::new("sh").args(["-c", script]).arg(&program).arg(&store).arg(&pass).status().unwrap();
    assert!(by_fd.success());
    // And a pipe, which ends after the line.
    let script = "\"$0\" --store \"$1\" --passphrase-fd 0 record verify";
    let mut piped =
        Command::new("sh").args(["-c", script]).arg(&program).arg(&store).stdin(Stdio::piped()).spawn().unwrap();
    piped.stdin.take().unwrap().write_all(b"un cheval bleu\n").unwrap();
    assert!(piped.wait().unwrap().success());

    // Forgotten: the recovery key sets another.
    let recovery = secret_file(folder.path(), "recovery", &recovery, 0o600);
    let by_hand = format!("--recovery={recovery}");
    let (code, _, err) = run(&program, &store, &["record", "passphrase", &by_hand, "--new-file", &wrong], plain);
    assert!(code == 0, "{code} {err}");
    assert_eq!(run(&program, &store, &["--passphrase-file", &wrong, "record", "verify"], plain).0, 0);
    assert_eq!(run(&program, &store, &["--passphrase-file", &pass, "record", "verify"], plain).0, 1);

    // Staff: the right PIN, a wrong one, and none on a pipe.
    let wrong_pin = secret_file(folder.path(), "wrong-pin", "1111", 0o600);
    let check = |file: &[&str]| {
        let args = [&["--passphrase-file", &wrong, "record", "staff", "check"][..], file].concat();
        run(&program, &store, &args, set("VESTIBULE_STAFF_PIN", "4821")).0
    };
    assert_eq!((check(&["--pin-file", &pin]), check(&["--pin-file", &wrong_pin]), check(&[])), (0, 1, 2));
}

#[test]
fn answers_are_listed_in_the_form_that_scripts_read() {
    let program = program_or_skip!("store_program");
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let store = Store::create(&at("demo"), &Key::demo()).unwrap();
    let patient = vestibule_patient::Patient { id: "P 1".into(), ..Default::default() };
    store.put_patient(&patient).unwrap();
    let session = store
        .start_session(&NewSession { patient: Some("P 1".into()), journey: "j".into(), ..Default::default() })
        .unwrap();
    for (item, value) in [("anxiety", AnswerValue::Whole(7)), ("open", AnswerValue::Choices(vec!["noise".into()]))] {
        let answer = Answer {
            session: session.clone(),
            questionnaire: "anxiety-before".into(),
            item: item.into(),
            value,
            step: "anxiety-before".into(),
            time_s: 31.0,
            language: "fr".into(),
            attempt: 1,
            by_staff: false,
        };
        store.save_answer(&answer).unwrap();
    }
    drop(store);
    let list = ["--demo", "record", "questionnaire", "list", "--json"];
    let (code, out, err) = run(&program, &at("demo"), &list, |_| {});
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("demonstration store") && err.contains("0000"), "it says so each time: {err}");
    let found: serde_json::Value = serde_json::from_str(&out).unwrap();
    let responses = found["responses"].as_array().unwrap();
    assert_eq!(responses.len(), 2);
    for (key, value) in [("questionnaire", "anxiety-before"), ("item", "anxiety"), ("patient", "P 1")] {
        assert_eq!(responses[0][key], value, "{out}");
    }
    assert_eq!(responses[0]["value"], 7);
    assert_eq!(responses[1]["value"], serde_json::json!(["noise"]));
    assert!(responses[0]["at"].as_str().is_some_and(|t| t.ends_with('Z') && t.len() == 24), "{out}");
    let (code, _, err) =
        run(&program, &at("demo"), &["--demo", "record", "questionnaire", "list", "--patient", "Q"], |_| {});
    assert!(code == 1 && err.contains("no such patient"), "{code} {err}");
    // Without --demo it is not opened, and says what to do before it asks for anything.
    let (code, _, err) = run(&program, &at("demo"), &list[1..], |_| {});
    assert!(code == 1 && err.contains("add --demo"), "{code} {err}");
    // The demonstration's PIN answers from the environment, and a wrong one does not pass.
    let check = |pin: &str| {
        run(&program, &at("demo"), &["--demo", "record", "staff", "check"], set("VESTIBULE_STAFF_PIN", pin)).0
    };
    assert_eq!((check("0000"), check("9999")), (0, 1));
    // A demonstration under a passphrase of its own: the published key does not open it.
    let with = set("VESTIBULE_PASSPHRASE", "un cheval bleu");
    let pin = secret_file(folder.path(), "pin", "0000", 0o600);
    let (code, _, err) = run(&program, &at("own"), &["--demo", "record", "staff", "set-pin", "--pin-file", &pin], with);
    assert!(code == 0 && err.contains("VESTIBULE_PASSPHRASE"), "{code} {err}");
    assert_eq!(run(&program, &at("own"), &["--demo", "record", "verify"], |_| {}).0, 1);
    assert_eq!(run(&program, &at("own"), &["--demo", "record", "verify"], with).0, 0);
}

#[test]
fn only_the_patients_mode_opens_without_a_staff_pin() {
    let program = program_or_skip!("store_program");
    let folder = tempfile::tempdir().unwrap();
    drop(Store::create(folder.path(), &Key::demo()).unwrap());
    let play = |mode: &str, pin: Option<&str>| {
        let args = ["--demo", "play", "proton-first-day", "--headless", "--patient", "nobody", "--mode", mode];
        let (code, _, err) = run(&program, folder.path(), &args, |c| {
            c.env("VESTIBULE_HOME", concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
            if let Some(pin) = pin {
                c.env("VESTIBULE_STAFF_PIN", pin);
            }
        });
        (code, err)
    };
    for mode in ["clinician", "educator"] {
        let (code, err) = play(mode, None);
        assert!(code == 2 && err.contains("needs a staff PIN"), "{code} {err}");
        let (code, err) = play(mode, Some("9999"));
        assert!(code == 1 && err.contains("wrong PIN"), "{code} {err}");
        // The right one lets the call go on to what is wrong with it.
        let (_, err) = play(mode, Some("0000"));
        assert!(
            !err.contains("needs a staff PIN") && !err.contains("wrong PIN") && err.contains("no patient in the store"),
            "{err}"
        );
    }
    let (_, err) = play("patient", None);
    assert!(!err.contains("needs a staff PIN") && err.contains("no patient in the store"), "{err}");
}
