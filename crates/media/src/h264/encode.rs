//! The encoder: groups of pictures, each by a fresh encoder of its own, several at a time.
//!
//! A group begins with a key picture and refers to nothing outside, and the quantiser is constant, so a group's bytes
//! depend on its frames alone: the result is the same for any number of threads.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use openh264::OpenH264API;
use openh264::encoder::{
    BitRate, Complexity, EncoderConfig, FrameRate, FrameType, IntraFramePeriod, QpRange,
    RateControlMode, UsageType, VuiConfig,
};
use openh264::formats::YUVSlices;

use super::{nal, sps};
use crate::color::Planes;
use crate::{Quality, Rational};

/// What an encoder must know.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EncoderSettings {
    /// Width and height as they will be shown, both even.
    pub size: (u32, u32),
    pub fps: Rational,
    pub quality: Quality,
    /// How many groups are encoded at the same time.
    pub threads: usize,
}

impl EncoderSettings {
    /// Pictures from one key picture to the next: two seconds, but no more than a group's 96 MiB allow.
    pub fn group_length(&self) -> usize {
        let bytes = self.size.0 as usize * self.size.1 as usize * 3 / 2;
        let two_seconds = (self.fps.as_f64() * 2.0).round() as usize;
        two_seconds
            .min((96 << 20) / bytes.max(1))
            .clamp(1, 240)
            .max(2)
    }

    /// The sets that every group is coded with: they depend on the settings alone.
    pub fn parameter_sets(&self) -> Result<ParameterSets, String> {
        let (width, height) = (self.size.0 as usize, self.size.1 as usize);
        let (width, height) = (width.next_multiple_of(16), height.next_multiple_of(16));
        let grey = Planes {
            width,
            height,
            y: vec![128; width * height],
            u: vec![128; width * height / 4],
            v: vec![128; width * height / 4],
        };
        Ok(encode_group(self, [grey])?.sets)
    }

    /// The constant quantiser: 6 more halves the bits.
    fn quantiser(&self) -> u8 {
        match self.quality {
            Quality::Small => 30,
            Quality::Good => 17,
            Quality::Best => 13,
        }
    }

    fn config(&self) -> EncoderConfig {
        let qp = self.quantiser();
        EncoderConfig::new()
            // Both ends of the range equal leave the rate control no choice. Its "off" mode would fix the quantiser at
            // 26, and the modes that aim at a bitrate complain on stderr that they may not skip frames.
            .rate_control_mode(RateControlMode::Bufferbased)
            .qp(QpRange::new(qp, qp))
            .bitrate(BitRate::from_bps(8_000_000))
            .max_frame_rate(FrameRate::from_hz(self.fps.as_f64() as f32))
            .intra_frame_period(IntraFramePeriod::from_num_frames(0))
            .skip_frames(false)
            .scene_change_detect(false)
            .adaptive_quantization(false)
            .background_detection(false)
            .usage_type(UsageType::CameraVideoRealTime)
            .complexity(Complexity::Medium)
            .num_threads(1)
            .vui(VuiConfig::bt709())
    }
}

/// One picture as an MP4 sample: its slices behind four-byte lengths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CodedPicture {
    pub data: Vec<u8>,
    pub key: bool,
}

/// The parameter sets that a decoder needs first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ParameterSets {
    pub sps: Vec<u8>,
    pub pps: Vec<u8>,
}

/// What is said when a queue's other end is gone, which only a panic can bring about.
const ENDED: &str = "the encoder's threads have ended";

struct CodedGroup {
    sets: ParameterSets,
    pictures: Vec<CodedPicture>,
}

/// A group's pictures come one by one: it is being encoded before it is complete.
type Job = (u64, Receiver<Planes>);
type Done = (u64, Result<CodedGroup, String>);

/// Takes pictures, gives coded pictures in the same order, some groups later.
pub(crate) struct Encoder {
    settings: EncoderSettings,
    /// Takes the pictures of the group that is not complete yet.
    group: Option<Sender<Planes>>,
    /// How many pictures it took.
    taken: usize,
    begun: u64,
    collected: u64,
    early: BTreeMap<u64, CodedGroup>,
    sets: Option<ParameterSets>,
    jobs: Option<Sender<Job>>,
    done: Receiver<Done>,
    workers: Vec<JoinHandle<()>>,
}

impl Encoder {
    pub fn new(settings: EncoderSettings) -> Self {
        let (jobs, queue) = channel::<Job>();
        let (results, done) = channel();
        let queue = Arc::new(Mutex::new(queue));
        let workers = (0..settings.threads.max(1))
            .map(|_| {
                let (queue, results) = (Arc::clone(&queue), results.clone());
                thread::spawn(move || work(settings, &queue, &results))
            })
            .collect();
        Self {
            settings,
            group: None,
            taken: 0,
            begun: 0,
            collected: 0,
            early: BTreeMap::new(),
            sets: None,
            jobs: Some(jobs),
            done,
            workers,
        }
    }

    /// Adds a picture; returns those that are coded by now. Waits when all threads are busy with earlier groups.
    pub fn push(&mut self, planes: Planes) -> Result<Vec<CodedPicture>, String> {
        let group = match &self.group {
            Some(group) => group,
            None => self.begin_group()?,
        };
        if group.send(planes).is_err() {
            // The group failed: what it says tells more.
            self.flush()?;
            return Err(ENDED.to_owned());
        }
        self.taken += 1;
        let mut coded = Vec::new();
        if self.taken == self.settings.group_length() {
            self.end_group();
            while self.begun - self.collected > self.workers.len() as u64 {
                self.collect(&mut coded)?;
            }
        }
        Ok(coded)
    }

    /// The rest of what was pushed: the next picture begins a group.
    pub fn flush(&mut self) -> Result<Vec<CodedPicture>, String> {
        self.end_group();
        let mut coded = Vec::new();
        while self.collected < self.begun {
            self.collect(&mut coded)?;
        }
        Ok(coded)
    }

    /// The rest, and the parameter sets; these are `None` if no picture was pushed.
    pub fn finish(mut self) -> Result<(Vec<CodedPicture>, Option<ParameterSets>), String> {
        let coded = self.flush()?;
        Ok((coded, self.sets.take()))
    }

    fn begin_group(&mut self) -> Result<&Sender<Planes>, String> {
        let (group, pictures) = channel();
        let jobs = self.jobs.as_ref().ok_or(ENDED)?;
        jobs.send((self.begun, pictures)).map_err(|_| ENDED)?;
        self.begun += 1;
        Ok(self.group.insert(group))
    }

    /// The open group, if there is one, gets no more pictures.
    fn end_group(&mut self) {
        self.group = None;
        self.taken = 0;
    }

    /// Waits for one more group in order.
    fn collect(&mut self, coded: &mut Vec<CodedPicture>) -> Result<(), String> {
        let group = loop {
            if let Some(group) = self.early.remove(&self.collected) {
                break group;
            }
            let (index, group) = self.done.recv().map_err(|_| ENDED)?;
            self.early.insert(index, group?);
        };
        self.collected += 1;
        match &self.sets {
            Some(sets) if *sets != group.sets => {
                return Err("its parameter sets changed on the way".to_owned());
            }
            Some(_) => {}
            None => self.sets = Some(group.sets),
        }
        coded.extend(group.pictures);
        Ok(())
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // The closed queues end the threads, each after at most the group that it holds.
        self.group = None;
        self.jobs = None;
        for worker in self.workers.drain(..) {
            let _ = worker.join();
        }
    }
}

fn work(settings: EncoderSettings, queue: &Mutex<Receiver<Job>>, results: &Sender<Done>) {
    loop {
        let job = match queue.lock() {
            Ok(queue) => queue.recv(),
            Err(_) => return,
        };
        let Ok((index, group)) = job else { return };
        let coded = encode_group(&settings, group);
        if results.send((index, coded)).is_err() {
            return;
        }
    }
}

/// Encodes a group from a key picture on.
fn encode_group(
    settings: &EncoderSettings,
    group: impl IntoIterator<Item = Planes>,
) -> Result<CodedGroup, String> {
    let mut encoder =
        openh264::encoder::Encoder::with_api_config(OpenH264API::from_source(), settings.config())
            .map_err(|error| error.to_string())?;
    let (mut sps, mut pps) = (Vec::new(), Vec::new());
    let mut size = None;
    let mut pictures = Vec::new();
    for planes in group {
        size = Some((planes.width as u32, planes.height as u32));
        let source = YUVSlices::new(
            (&planes.y, &planes.u, &planes.v),
            (planes.width, planes.height),
            (planes.width, planes.width / 2, planes.width / 2),
        );
        let coded = encoder.encode(&source).map_err(|error| error.to_string())?;
        let mut data = Vec::new();
        let units = (0..coded.num_layers())
            .filter_map(|i| coded.layer(i))
            .flat_map(|layer| {
                (0..layer.nal_count()).filter_map(move |i| Some(layer.nal_unit(i)?.to_vec()))
            });
        for unit in units {
            let unit = nal::without_start_code(&unit);
            match nal::kind(unit) {
                nal::SPS => sps = unit.to_vec(),
                nal::PPS => pps = unit.to_vec(),
                _ => {
                    data.extend_from_slice(&(unit.len() as u32).to_be_bytes());
                    data.extend_from_slice(unit);
                }
            }
        }
        if data.is_empty() {
            return Err("it left out a frame".to_owned());
        }
        pictures.push(CodedPicture {
            key: coded.frame_type() == FrameType::IDR,
            data,
        });
    }
    let (width, height) = size.ok_or("an empty group")?;
    let (right, bottom) = (width - settings.size.0, height - settings.size.1);
    let sps = sps::with_crop(&sps, right, bottom).ok_or("its parameter set is not readable")?;
    Ok(CodedGroup {
        sets: ParameterSets { sps, pps },
        pictures,
    })
}
