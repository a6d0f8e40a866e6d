//! Drives the session: real seconds in, what somebody pressed in; the state of this frame, the dose and the view out.

use crate::anatomy::DoseNow;
use crate::events::Events;
use crate::now::{Now, RoomData, Told};
use crate::panel::{Act, PanelModel, Say};
use crate::seat::Seat;
use crate::sound::voice::Voice;
use crate::third_party::openxr::XrFocus;
use crate::tokens;
use bevy::camera::Exposure;
use bevy::prelude::*;
use vestibule_geometry::Volume;
use vestibule_scenario::{
    Action, Delivered, Event, KeepError, Keeper, Painter, Player, Posture, Reply, Review, SessionState,
};

/// A session as the app needs it, whatever paints its dose and whatever keeps its answers.
pub trait Play {
    /// Where it is.
    fn state(&self) -> &SessionState;
    /// Real seconds pass. Errors: something could not be kept.
    fn advance(&mut self, dt_s: f64) -> Result<Vec<Event>, KeepError>;
    /// Somebody did something. Errors: an answer could not be kept; nothing has happened then.
    fn act(&mut self, action: Action) -> Result<Vec<Event>, KeepError>;
    /// Brings a copy of what has been delivered so far of one fraction, physical Gray, up to what is painted; says whether it
    /// changed. It stays as it is without a plan.
    fn update_dose(&mut self, copy: &mut Option<Volume<f32>>) -> bool;
    /// Whether what is painted is the dose of this instant.
    fn settled(&self) -> bool;
    /// Keeps a voice said to the open question, a WAV file, in the place of one said before. Errors: it is not on disk.
    fn keep_voice(&mut self, sound: &[u8]) -> Result<(), KeepError>;
    /// Removes it. Errors: it is still there.
    fn drop_voice(&mut self) -> Result<(), KeepError>;
    /// Name of the voice said to the open question.
    fn voice(&self) -> Option<String>;
    /// The review that this is, if it is one: somebody moves its time.
    fn review(&mut self) -> Option<&mut Review> {
        None
    }
    /// What makes jumps in time quick, once, for any thread.
    fn checkpoints(&self) -> Option<Box<dyn FnOnce() + Send>> {
        None
    }
}

/// Something that paints a dose which can be looked at.
pub trait Seen {
    /// Writes what has changed of the grid, physical Gray of one fraction, into a copy of it; says whether anything had.
    fn update(&mut self, copy: &mut Option<Volume<f32>>) -> bool;
    /// Whether it shows the instant that was asked for.
    fn settled(&self) -> bool;
}

impl Seen for vestibule_dose::Painting {
    fn update(&mut self, copy: &mut Option<Volume<f32>>) -> bool {
        self.copy_changed(copy).is_some()
    }
    fn settled(&self) -> bool {
        Self::settled(self)
    }
}

impl<T: Seen> Seen for Option<T> {
    fn update(&mut self, copy: &mut Option<Volume<f32>>) -> bool {
        self.as_mut().is_some_and(|painter| painter.update(copy))
    }
    fn settled(&self) -> bool {
        self.as_ref().is_none_or(Seen::settled)
    }
}

impl<P: Painter + Seen, K: Keeper> Play for Player<P, K> {
    fn state(&self) -> &SessionState {
        Player::state(self)
    }
    fn advance(&mut self, dt_s: f64) -> Result<Vec<Event>, KeepError> {
        Player::advance(self, dt_s)
    }
    fn act(&mut self, action: Action) -> Result<Vec<Event>, KeepError> {
        Player::act(self, action)
    }
    fn update_dose(&mut self, copy: &mut Option<Volume<f32>>) -> bool {
        self.painter_mut().update(copy)
    }
    fn settled(&self) -> bool {
        self.painter().settled()
    }
    fn keep_voice(&mut self, sound: &[u8]) -> Result<(), KeepError> {
        Player::keep_voice(self, sound).map(|_| ())
    }
    fn drop_voice(&mut self) -> Result<(), KeepError> {
        Player::drop_voice(self)
    }
    fn voice(&self) -> Option<String> {
        Player::voice(self).map(str::to_owned)
    }
}

/// The session; not a resource, since a store's connection stays on one thread.
pub struct Driver {
    /// The session.
    pub play: Box<dyn Play>,
    /// A test lets the clock rest.
    pub held: bool,
}

impl Driver {
    /// A session that runs.
    pub fn new(play: Box<dyn Play>) -> Self {
        Self { play, held: false }
    }
}

/// How much one press makes it quieter.
const QUIETER: f32 = 0.2;
/// Longest step of one frame, seconds: a hitch must not make the session jump.
const LONGEST_S: f64 = 0.25;

/// The session's place in every frame.
pub fn plugin(app: &mut App) {
    app.add_message::<Told>()
        .init_resource::<crate::seat::Recentre>()
        .add_systems(First, drive.after(bevy::time::TimeSystems))
        .add_systems(Update, (stand, exposure));
}

fn drive(
    mut driver: NonSendMut<Driver>,
    time: Res<Time<Real>>,
    mut now: ResMut<Now>,
    mut model: ResMut<PanelModel>,
    mut dose: ResMut<DoseNow>,
    mut told: MessageWriter<Told>,
    mut recentre: MessageWriter<RecentreNow>,
    mut voice: ResMut<Voice>,
    out: Res<Events>,
    room: Option<Res<crate::room::Room>>,
    focus: Option<Res<XrFocus>>,
    mut leave: MessageWriter<AppExit>,
) {
    let mut events = Vec::new();
    let keep = |r: Result<Vec<Event>, KeepError>, events: &mut Vec<Event>| match r {
        Ok(list) => events.extend(list),
        // the question stays open, so nothing is lost; staff must know
        Err(e) => {
            error!("{e}");
            out.say(format_args!("not kept: {}", e.what));
        }
    };
    for act in std::mem::take(&mut model.acts) {
        // whatever else is pressed, it stops listening first, and what was said is kept
        let closed = if act == Act::Say(Say::Start) { Ok(()) } else { voice.close(&mut *driver.play) };
        keep(closed.map(|()| Vec::new()), &mut events);
        match act {
            Act::Session(Action::Answer(Reply::Open { chips, typed, .. })) => {
                let reply = Reply::Open { chips, typed, voice: driver.play.voice() };
                keep(driver.play.act(Action::Answer(reply)), &mut events);
            }
            // staff end what is over: it closes
            Act::Session(Action::End) if driver.play.state().finished.is_some() => {
                leave.write(AppExit::Success);
            }
            Act::Session(action) => keep(driver.play.act(action), &mut events),
            Act::Say(what) => keep(voice.say(what, &mut *driver.play).map(|()| Vec::new()), &mut events),
            Act::Quieter => {
                let volume = (driver.play.state().volume - QUIETER).max(0.0);
                keep(driver.play.act(Action::SetVolume(volume)), &mut events);
            }
            Act::Larger => model.size = if model.size > 1.0 { 1.0 } else { tokens::LARGE },
            Act::Recentre => {
                recentre.write(RecentreNow);
            }
            Act::Leave => {
                leave.write(AppExit::Success);
            }
        }
    }
    // nothing happens before it can be seen: the room stands, and the headset is on a head
    let seen = room.is_some_and(|r| r.loaded) && focus.as_ref().is_none_or(|f| f.focused);
    if seen && !driver.held {
        keep(driver.play.advance(time.delta_secs_f64().min(LONGEST_S)), &mut events);
    }
    let present = focus.as_ref().is_none_or(|f| f.focused) && !driver.play.state().paused;
    keep(voice.follow(&mut *driver.play, present).map(|()| Vec::new()), &mut events);
    let shown = voice.shown();
    if model.voice != shown {
        let kind = std::mem::discriminant(&shown);
        if std::mem::discriminant(&model.voice) != kind {
            out.say(format_args!("voice {}", shown.name()));
        }
        model.voice = shown;
    }
    let painted = dose.bypass_change_detection();
    if driver.play.update_dose(&mut painted.grid) {
        // nothing is drawn before something has been delivered
        painted.version += u64::from(painted.version > 0 || driver.play.state().delivered != Delivered::default());
        dose.set_changed();
    }
    if now.state != *driver.play.state() {
        now.state = driver.play.state().clone();
    }
    for event in events {
        report(&out, &event);
        told.write(Told(event));
    }
}

/// Event lines for tests. An answer's value is not said.
fn report(out: &Events, event: &Event) {
    match event {
        Event::StepEntered { step } => out.say(format_args!("step {step}")),
        Event::Asked { question } => out.say(format_args!("asked {question}")),
        Event::Answered { question, .. } => out.say(format_args!("answered {question}")),
        Event::Placed { viewpoint } => out.say(format_args!("placed {viewpoint}")),
        Event::BeamOn { beam } => out.say(format_args!("beam {beam} on")),
        Event::BeamOff { beam } => out.say(format_args!("beam {beam} off")),
        Event::Paused => out.say(format_args!("paused")),
        Event::Resumed => out.say(format_args!("resumed")),
        Event::Finished { how } => out.say(format_args!("finished {how:?}")),
        Event::StaffAlert { reason } => out.say(format_args!("staff told: {reason}")),
        _ => {}
    }
}

/// Somebody wants the view in front of them.
#[derive(Message)]
pub struct RecentreNow;

/// Pose of the person's frame at a viewpoint: the horizon stays level unless one lies.
pub fn seat_at(view: &vestibule_scenario::Viewpoint) -> Transform {
    let eye = Vec3::from(view.eye_m.map(|v| v as f32));
    let to = Vec3::from(view.look_at_m.map(|v| v as f32)) - eye;
    match view.posture {
        Posture::Lying => {
            // on the back, head towards the gantry: the feet are down in the picture
            Transform::from_translation(eye).looking_to(to, Vec3::NEG_Z)
        }
        _ => Transform::from_translation(eye).looking_to(Vec3::new(to.x, 0.0, to.z), Vec3::Y),
    }
}

/// How far the view at a viewpoint looks up or down, radians; 0 when lying, where the frame is pitched itself.
pub fn pitch_at(view: &vestibule_scenario::Viewpoint) -> f32 {
    let d: [f32; 3] = std::array::from_fn(|i| (view.look_at_m[i] - view.eye_m[i]) as f32);
    if view.posture == Posture::Lying { 0.0 } else { d[1].atan2(d[0].hypot(d[2])) }
}

fn stand(now: Res<Now>, data: Res<RoomData>, mut seat: Query<&mut Transform, With<Seat>>) {
    let Some(view) = data.0.viewpoints.get(&now.state.viewpoint) else { return };
    for mut t in &mut seat {
        t.set_if_neq(seat_at(view));
    }
}

/// Exposure is fixed per place; a fade darkens it. The fade itself is also a black shell near the eye, so that panels and
/// lamps go dark too.
fn exposure(now: Res<Now>, data: Res<RoomData>, mut eyes: Query<&mut Exposure, With<crate::seat::Eye>>) {
    let ev = data.0.viewpoints.get(&now.state.viewpoint).map_or(0.0, |v| v.exposure_ev as f32) + tokens::ROOM_EV;
    let light = (now.state.light as f32).clamp(0.05, 1.0).log2();
    for mut e in &mut eyes {
        let want = tokens::EV0 - ev - light;
        if (e.ev100 - want).abs() > 1e-4 {
            e.ev100 = want;
        }
    }
}
