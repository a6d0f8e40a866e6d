//! The microphone: opened when somebody pressed, closed when they press again. Nothing listens otherwise.

use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{FromSample, SampleFormat, SizedSample, StreamConfig};
use std::sync::mpsc::{Receiver, Sender, channel};

/// Something that can be listened to.
pub trait Microphone: Send + Sync + 'static {
    /// Whether there is one, as far as can be said without opening it.
    fn there(&self) -> bool;
    /// Opens it: it listens until what is given back is dropped. Errors: why not, in a word or two for the log.
    fn open(&self) -> Result<Box<dyn Listening>, String>;
}

/// An open microphone.
pub trait Listening {
    /// Samples per second of each channel.
    fn rate_hz(&self) -> u32;
    /// Channels, interleaved.
    fn channels(&self) -> u16;
    /// Takes what was heard since the last call, −1 to 1, without waiting. False: it hears no more.
    fn read(&mut self, into: &mut Vec<f32>) -> bool;
}

/// The system's own microphone.
pub struct SystemMicrophone;

impl Microphone for SystemMicrophone {
    fn there(&self) -> bool {
        if !cfg!(target_os = "linux") {
            return true; // opening it tells
        }
        // asking ALSA where there is no card would fill the terminal with its complaints; a configuration of its own may
        // name a device without a card
        let card = std::fs::read_to_string("/proc/asound/pcm").is_ok_and(|list| list.contains("capture"));
        card || std::env::var_os("ALSA_CONFIG_PATH").is_some()
    }

    fn open(&self) -> Result<Box<dyn Listening>, String> {
        let device = cpal::default_host().default_input_device().ok_or("no input device")?;
        let chosen = device.default_input_config().map_err(|e| e.to_string())?;
        let config = chosen.config();
        let open = match chosen.sample_format() {
            SampleFormat::F32 => listen::<f32>,
            SampleFormat::I16 => listen::<i16>,
            SampleFormat::U16 => listen::<u16>,
            SampleFormat::I32 => listen::<i32>,
            SampleFormat::I8 => listen::<i8>,
            SampleFormat::U8 => listen::<u8>,
            SampleFormat::F64 => listen::<f64>,
            other => return Err(format!("samples of the kind {other}")),
        };
        open(&device, config)
    }
}

fn listen<T: SizedSample>(device: &cpal::Device, config: StreamConfig) -> Result<Box<dyn Listening>, String>
where
    f32: FromSample<T>,
{
    let (out, heard): (Sender<Vec<f32>>, _) = channel();
    let (trouble, failed) = channel();
    let stream = device
        .build_input_stream(
            config,
            move |data: &[T], _: &_| {
                let _ = out.send(data.iter().map(|s| f32::from_sample_(*s)).collect()); // nobody takes it: it is over
            },
            move |_| {
                let _ = trouble.send(());
            },
            None,
        )
        .map_err(|e| e.to_string())?;
    stream.play().map_err(|e| e.to_string())?;
    Ok(Box::new(Open { _stream: stream, heard, failed, rate_hz: config.sample_rate, channels: config.channels }))
}

struct Open {
    _stream: cpal::Stream,
    heard: Receiver<Vec<f32>>,
    failed: Receiver<()>,
    rate_hz: u32,
    channels: u16,
}

impl Listening for Open {
    fn rate_hz(&self) -> u32 {
        self.rate_hz
    }
    fn channels(&self) -> u16 {
        self.channels
    }
    fn read(&mut self, into: &mut Vec<f32>) -> bool {
        self.heard.try_iter().for_each(|part| into.extend(part));
        self.failed.try_recv().is_err()
    }
}
