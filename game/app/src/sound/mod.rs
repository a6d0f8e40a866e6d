//! What is heard: narration, the room's tone, motors, the beam. No sound card means silence and one notice.

pub mod microphone;
pub mod voice;

use crate::now::{Now, RoomData, Told};
use crate::panel::{PanelModel, VoiceShown};
use bevy::prelude::*;
use rodio::source::SineWave;
use rodio::{Decoder, DeviceSinkBuilder, MixerDeviceSink, Player, Source};
use std::collections::HashMap;
use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;
use std::time::Duration;
use vestibule_scenario::{Event, SoundPhase};

/// Where sounds lie.
#[derive(Resource, Clone)]
pub struct SoundFiles {
    /// The asset root.
    pub assets: PathBuf,
    /// Language of the narration, `fr` or `en`.
    pub language: String,
}

/// Loudness of each kind of sound before the person's own setting; peaks stay under −6 dBFS.
const VOICE: f32 = 1.0;
const MOTOR: f32 = 0.35;
const TONE: f32 = 0.25;
const NOTE: f32 = 0.2;

/// The sound card and what plays. Not a resource: it stays on one thread.
struct Ear {
    sink: MixerDeviceSink,
    voice: Player,
    running: HashMap<String, Player>,
    volume: f32,
    paused: bool,
}

/// Sound, if there is a card.
pub fn plugin(app: &mut App) {
    app.add_systems(Startup, open).add_systems(Update, hear);
}

fn open(world: &mut World) {
    // without a card ALSA would fill the terminal with its own complaints
    if cfg!(target_os = "linux") && !std::path::Path::new("/dev/snd").exists() {
        warn!("no sound card here: captions say everything");
        return;
    }
    match DeviceSinkBuilder::open_default_sink() {
        Ok(mut sink) => {
            sink.log_on_drop(false);
            let voice = Player::connect_new(sink.mixer());
            world.insert_non_send(Ear { sink, voice, running: HashMap::new(), volume: -1.0, paused: false });
        }
        Err(e) => warn!("no sound: {e}; captions say everything"),
    }
}

fn decoder(file: &PathBuf) -> Option<Decoder<BufReader<File>>> {
    Decoder::new(BufReader::new(File::open(file).ok()?)).ok()
}

fn hear(
    ear: Option<NonSendMut<Ear>>,
    files: Res<SoundFiles>,
    now: Res<Now>,
    data: Res<RoomData>,
    model: Res<PanelModel>,
    mut told: MessageReader<Told>,
    mut listening: Local<bool>,
) {
    let Some(mut ear) = ear else {
        told.clear();
        return;
    };
    let s = &now.state;
    // nothing sounds into an open microphone
    let listens = matches!(model.voice, VoiceShown::Listening { .. });
    let quiet = s.paused || s.finished.is_some() || listens;
    if std::mem::replace(&mut *listening, listens) && matches!(model.voice, VoiceShown::Kept { .. }) {
        kept(&ear, s.volume);
    }
    if (s.volume - ear.volume).abs() > 1e-3 || quiet != ear.paused {
        ear.volume = s.volume;
        ear.paused = quiet;
        ear.voice.set_volume(VOICE * s.volume);
        for (name, p) in &ear.running {
            p.set_volume(s.volume * if name == "room-tone" { TONE } else { MOTOR });
        }
        let all = ear.running.values().chain([&ear.voice]);
        all.for_each(|p| if quiet { p.pause() } else { p.play() });
    }
    if !ear.running.contains_key("room-tone") && s.place == "room" {
        start(&mut ear, &files, &data, "room-tone", true);
    }
    for Told(event) in told.read() {
        match event {
            Event::Narrate { key, .. } => {
                let file = files.assets.join("sounds").join(&files.language).join(format!("{key}.ogg"));
                ear.voice.clear();
                if let Some(source) = decoder(&file) {
                    ear.voice.append(source);
                }
                if !ear.paused {
                    ear.voice.play();
                }
            }
            Event::Sound { name, phase, .. } => match phase {
                SoundPhase::Once => start(&mut ear, &files, &data, name, false),
                SoundPhase::Start => start(&mut ear, &files, &data, name, true),
                SoundPhase::Stop => {
                    if let Some(p) = ear.running.remove(name) {
                        p.stop();
                    }
                }
            },
            Event::Finished { .. } => {
                for (_, p) in ear.running.drain() {
                    p.stop();
                }
            }
            _ => {}
        }
    }
}

/// Two soft notes, the second higher: it is kept. The panel says so too.
fn kept(ear: &Ear, volume: f32) {
    for (hz, after_ms) in [(523.25, 0), (783.99, 160)] {
        let note = SineWave::new(hz).take_duration(Duration::from_millis(260)).amplify(NOTE * volume);
        let soft = note.fade_in(Duration::from_millis(30)).fade_out(Duration::from_millis(260));
        ear.sink.mixer().add(soft.delay(Duration::from_millis(after_ms)));
    }
}

fn start(ear: &mut Ear, files: &SoundFiles, data: &RoomData, name: &str, looped: bool) {
    let Some(sound) = data.0.sounds.get(name) else { return };
    let Some(source) = decoder(&files.assets.join(&sound.file)) else { return };
    let player = Player::connect_new(ear.sink.mixer());
    let share = if name == "room-tone" { TONE } else { MOTOR };
    player.set_volume(ear.volume.max(0.0) * share);
    if looped {
        player.append(source.buffered().repeat_infinite());
        ear.running.insert(name.to_owned(), player);
    } else {
        player.append(source);
        player.detach();
    }
}
