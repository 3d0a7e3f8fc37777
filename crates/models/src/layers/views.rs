//! That a layer sees the values of a view, whatever lies between them in memory.

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::{VarBuilder, VarMap};

use super::conv3d::{Conv3d, Conv3dSpec};
use super::{AttentionBias, AttentionSpec, Linear, Norm, attention};

/// (2, 3, 8, 32) out of larger tensors: cut out, turned, and repeated.
fn views() -> Result<[Tensor; 3]> {
    let random = |shape: &[usize]| Tensor::randn(0f32, 1.0, shape, &Device::Cpu);
    Ok([
        random(&[4, 5, 9, 70])?
            .narrow(0, 1, 2)?
            .narrow(1, 2, 3)?
            .narrow(2, 1, 8)?
            .narrow(3, 30, 32)?,
        random(&[32, 8, 2, 3])?.permute([2, 3, 1, 0])?,
        random(&[2, 1, 8, 32])?.broadcast_as((2, 3, 8, 32))?,
    ])
}

/// Runs `layer` on each view and on a copy of its values.
fn check(layer: impl Fn(&Tensor) -> Result<Tensor>) -> Result<()> {
    for view in views()? {
        assert!(!view.is_contiguous());
        let apart = (layer(&view)? - layer(&view.force_contiguous()?)?)?;
        let apart = apart.to_dtype(DType::F32)?.abs()?.flatten_all()?.max(0)?;
        assert_eq!(apart.to_scalar::<f32>()?, 0.0);
    }
    Ok(())
}

#[test]
fn a_view_is_its_values() -> Result<()> {
    let map = VarMap::new();
    let vb = VarBuilder::from_varmap(&map, DType::F32, &Device::Cpu);
    let bf16 = vb.clone().set_dtype(DType::BF16);
    for linear in [
        Linear::load(32, 20, vb.pp("linear"))?,
        Linear::load(32, 20, bf16.pp("rounded"))?,
    ] {
        check(|x| linear.forward(x))?;
        check(|x| linear.forward_fine(x))?;
        let onto = Tensor::randn(0f32, 1.0, (20, 2, 3, 8), &Device::Cpu)?;
        check(|x| linear.forward_onto(x, &onto.permute([1, 2, 3, 0])?, None))?;
    }
    let rms = Norm::rms(32, 1e-6, vb.pp("norm"))?;
    for norm in [rms, Norm::Layer { eps: 1e-6 }] {
        check(|x| norm.forward(x))?;
    }
    // (2, 3, 8, 4, 8) of video.
    let weight = Tensor::randn(0f32, 1.0, (5, 8, 3, 3, 3), &Device::Cpu)?;
    let bias = Tensor::randn(0f32, 1.0, 5, &Device::Cpu)?;
    for dtype in [DType::F32, DType::BF16] {
        let conv = Conv3d::new(&weight.to_dtype(dtype)?, &bias, Conv3dSpec::CUBE)?;
        check(|x| conv.forward(&x.reshape((2, 3, 8, 4, 8))?))?;
        // Time before the clips, and the channels in front of all else.
        check(|x| conv.forward(&x.reshape((2, 3, 8, 4, 8))?.transpose(0, 1)?))?;
        check(|x| {
            let video = x.reshape((2, 8, 3, 8, 4))?;
            conv.forward(&video.permute([0, 2, 3, 4, 1])?)
        })?;
    }
    Ok(())
}

#[test]
fn an_attention_takes_views() -> Result<()> {
    let [q, k, v] = views()?;
    let biases = Tensor::randn(0f32, 1.0, (24, 24, 2, 5), &Device::Cpu)?;
    let turned = biases.permute([2, 0, 1, 3])?; // (2, 24, 24, 5)
    let queries = turned.get_on_dim(3, 3)?;
    let pairs = turned.transpose(1, 2)?.get_on_dim(3, 1)?;
    let keys = queries.get_on_dim(1, 7)?;
    let copy = |x: &Tensor| x.force_contiguous();
    for dtype in [DType::F32, DType::BF16] {
        let spec = AttentionSpec {
            heads: 2,
            scale: 0.25,
            dtype,
        };
        let run = |[q, k, v]: [&Tensor; 3], [pairs, keys, queries]: [&Tensor; 3]| {
            let rows = |x: &Tensor| x.flatten(1, 2); // (2, 24, 32)
            let bias = AttentionBias {
                pairs: Some(pairs),
                keys: Some(keys),
                queries: Some(queries),
            };
            attention(&rows(q)?, &rows(k)?, &rows(v)?, spec, &bias)?.to_dtype(DType::F32)
        };
        let viewed = run([&q, &k, &v], [&pairs, &keys, &queries])?;
        let copied = run(
            [&copy(&q)?, &copy(&k)?, &copy(&v)?],
            [&copy(&pairs)?, &copy(&keys)?, &copy(&queries)?],
        )?;
        let apart = (viewed - copied)?.abs()?.flatten_all()?.max(0)?;
        assert_eq!(apart.to_scalar::<f32>()?, 0.0);
    }
    // Columns of one product: queries, keys and values side by side.
    let all = Tensor::randn(0f32, 1.0, (2, 24, 96), &Device::Cpu)?;
    let [q, k, v] = [0, 32, 64].map(|at| all.narrow(2, at, 32));
    let (q, k, v) = (q?, k?, v?);
    let spec = AttentionSpec {
        heads: 2,
        scale: 0.25,
        dtype: DType::F32,
    };
    let none = AttentionBias::default();
    let viewed = attention(&q, &k, &v, spec, &none)?;
    let copied = attention(&copy(&q)?, &copy(&k)?, &copy(&v)?, spec, &none)?;
    let apart = (viewed - copied)?.abs()?.flatten_all()?.max(0)?;
    assert_eq!(apart.to_scalar::<f32>()?, 0.0);
    Ok(())
}
