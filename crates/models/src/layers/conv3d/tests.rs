use super::*;
use candle_core::Device;
use proptest::prelude::*;

/// The definition, in f64.
fn by_definition(x: &Tensor, weight: &Tensor, bias: &Tensor, spec: Conv3dSpec) -> Vec<f64> {
    let (b, t, h, w, c_in) = x.dims5().expect("rank 5");
    let (c_out, ..) = weight.dims5().expect("rank 5");
    let values = |x: &Tensor| -> Vec<f64> {
        let x = x
            .to_dtype(DType::F64)
            .and_then(|x| x.flatten_all()?.to_vec1());
        x.expect("numbers")
    };
    let (x, weight, bias) = (values(x), values(weight), values(bias));
    let [kt, kh, kw] = spec.kernel;
    let out = spec.output([t, h, w]).expect("fits");
    let inside = |o: usize, axis: usize, d: usize, size: usize| {
        (o * spec.stride[axis] + d)
            .checked_sub(spec.padding[axis])
            .filter(|&i| i < size)
    };
    let mut y = Vec::new();
    for index in 0..b * out[0] * out[1] * out[2] * c_out {
        let (rest, co) = (index / c_out, index % c_out);
        let (rest, wo) = (rest / out[2], rest % out[2]);
        let (rest, ho) = (rest / out[1], rest % out[1]);
        let (b, to) = (rest / out[0], rest % out[0]);
        let mut sum = bias[co];
        for tap in 0..kt * kh * kw {
            let (dt, dh, dw) = (tap / (kh * kw), tap / kw % kh, tap % kw);
            let place = (
                inside(to, 0, dt, t),
                inside(ho, 1, dh, h),
                inside(wo, 2, dw, w),
            );
            if let (Some(ti), Some(hi), Some(wi)) = place {
                for ci in 0..c_in {
                    sum += x[(((b * t + ti) * h + hi) * w + wi) * c_in + ci]
                        * weight[(co * c_in + ci) * kt * kh * kw + tap];
                }
            }
        }
        y.push(sum);
    }
    y
}

fn relative_l2(y: &Tensor, expected: &[f64]) -> f64 {
    let y = y
        .to_dtype(DType::F64)
        .and_then(|y| y.flatten_all()?.to_vec1::<f64>());
    let y = y.expect("numbers");
    assert_eq!(y.len(), expected.len());
    let error: f64 = y.iter().zip(expected).map(|(y, e)| (y - e).powi(2)).sum();
    (error / expected.iter().map(|e| e * e).sum::<f64>()).sqrt()
}

fn check(dims: [usize; 5], c_out: usize, spec: Conv3dSpec) -> candle_core::Result<()> {
    let device = Device::Cpu;
    let [kt, kh, kw] = spec.kernel;
    let x = Tensor::randn(0f32, 1.0, &dims, &device)?;
    let weight = Tensor::randn(0f32, 1.0, (c_out, dims[4], kt, kh, kw), &device)?;
    let bias = Tensor::randn(0f32, 1.0, c_out, &device)?;
    let conv = Conv3d::new(&weight, &bias, spec)?;
    let expected = by_definition(&x, &weight, &bias, spec);
    assert!(relative_l2(&conv.forward(&x)?, &expected) < 1e-6);
    // What a GPU does, done on the CPU.
    let plain = Conv3d::by_tensors(&weight, &bias, spec)?;
    assert!(relative_l2(&plain.forward(&x)?, &expected) < 1e-6);
    // In bf16 the factors are rounded: the expectation, from what they are then.
    let [x, weight] = [x, weight].map(|x| x.to_dtype(DType::BF16));
    let (x, weight) = (x?, weight?);
    let expected = by_definition(&x, &weight, &bias, spec);
    let conv = Conv3d::new(&weight, &bias, spec)?;
    let y = conv.forward(&x.to_dtype(DType::F32)?)?;
    assert!(relative_l2(&y, &expected) < 1e-6);
    if dims[1] == spec.kernel[0] && spec.padding[0] == 0 {
        let first = x.narrow(1, 0, 1)?;
        let alike = Tensor::cat(&vec![&first; dims[1]], 1)?;
        let expected = by_definition(&alike, &weight, &bias, spec);
        for conv in [
            conv,
            Conv3d::by_tensors(&weight.to_dtype(DType::F32)?, &bias, spec)?,
        ] {
            let y = conv.still()?.forward(&first.to_dtype(DType::F32)?)?;
            assert!(relative_l2(&y, &expected) < 1e-6);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..Default::default() })]
    #[test]
    fn equals_its_definition(
        dims in prop::array::uniform5(1usize..6),
        c_out in 1usize..9,
        cube in prop::array::uniform3(prop::bool::ANY),
        stride in prop::array::uniform3(1usize..3),
        pad in prop::array::uniform3(prop::bool::ANY),
    ) {
        let kernel = cube.map(|cube| if cube { 3 } else { 1 });
        let mut padding = [0; 3];
        for axis in 0..3 {
            let small = dims[axis + 1] < kernel[axis];
            padding[axis] = usize::from(kernel[axis] == 3 && (pad[axis] || small));
        }
        let spec = Conv3dSpec { kernel, stride, padding };
        check(dims, c_out, spec).expect("computes");
    }
}

#[test]
fn many_blocks_equal_one() -> candle_core::Result<()> {
    check([1, 3, 24, 40, 48], 5, Conv3dSpec::CUBE)
}

#[test]
fn a_clip_in_parts_is_the_clip() -> candle_core::Result<()> {
    let spec = Conv3dSpec {
        padding: [0, 1, 1],
        ..Conv3dSpec::CUBE
    };
    let random = |shape: &[usize]| Tensor::randn(0f32, 1.0, shape, &Device::Cpu);
    let (weight, bias) = (random(&[128, 16, 3, 3, 3])?, random(&[128])?);
    // Small and large pictures go different ways.
    for (h, w, tolerance) in [(6, 5, 1e-6), (24, 23, 4e-6)] {
        let x = random(&[2, 5, h, w, 16])?;
        let onto = random(&[2, 3, h, w, 128])?;
        let expected = by_definition(&x, &weight, &bias, spec);
        for dtype in [DType::F32, DType::BF16] {
            let conv = Conv3d::new(&weight.to_dtype(dtype)?, &bias, spec)?;
            let tolerance = if dtype == DType::F32 { tolerance } else { 4e-3 };
            let parts = [x.narrow(1, 0, 2)?, x.narrow(1, 2, 3)?];
            let y = conv.forward_onto(&parts, None)?;
            assert!(relative_l2(&y, &expected) < tolerance, "{h}x{w} {dtype:?}");
            let onto_y = (conv.forward_onto(&parts, Some(&onto))? - (&y + &onto)?)?;
            let apart = onto_y.abs()?.flatten_all()?.max(0)?.to_scalar::<f32>()?;
            assert!(apart < 1e-4, "{apart}");
            let cells = y
                .reshape(&[2, 3, h, w, 2, 2, 2, 16][..])?
                .permute([0, 1, 4, 2, 5, 3, 6, 7])?
                .reshape((2, 6, 2 * h, 2 * w, 16))?;
            let apart = (conv.forward_to_cells(&parts)? - cells)?.abs()?;
            assert_eq!(apart.flatten_all()?.max(0)?.to_scalar::<f32>()?, 0.0);
        }
    }
    Ok(())
}
