"""LPOT's own 102 example configs (tests/golden/lpot): each one goes through `tune --dry-run` on a model and data of its kind,
or is refused for a reason that stands in the table below.

A config goes through with --set for its paths alone. Where LPOT's example sets data in Python code, the table has both: what
`tune` says is missing, and the dataloader with which it goes through. Models of TensorFlow and PyTorch are converted ones, and
one of MXNet is MXNet's own file; model.framework stays as it is in the config.
"""
import concurrent.futures
import json
from functools import partial
from typing import Callable, NamedTuple, Optional

import yaml

import lpot_models as models
from halftone_cli import OK, SOURCE, USAGE, SystemTest, environment, halftone, main
from lpot_data import Data

CONFIGS = SOURCE / "tests/golden/lpot/configs.yaml"
MXNET_NET = SOURCE / "tests/golden/import/mxnet/gluon-symbol.json"  # 3 x 32 x 32, exported by Gluon

NO_CALIBRATION = ("quantization.calibration.dataloader is missing: static quantization needs calibration data; add a "
                  "dataloader with a dataset")
NO_EVALUATION = "evaluation.accuracy.dataloader is missing: a metric needs data; add a dataloader with a dataset"
NO_DATA = ("quantization.calibration.dataloader is missing: a search needs calibration or evaluation data, also where dynamic "
           "quantization calibrates nothing; add evaluation.accuracy with a metric and a dataloader")


class Row(NamedTuple):
    """What is expected of a config. Without `refused` it goes through with its paths. With `refused` and `adds` it is
    refused first, and goes through with what is added. With `refused` alone it is left aside."""
    model: Optional[Callable]  # makes it; or the path of a framework's own model
    refused: tuple = ()  # exit code, then words of its messages
    adds: tuple = ()     # KEY=YAML; {data} is the folder of the data


TABLE = {}


def expect(names, model=None, refused=(), adds=()):
    for name in names.split():
        assert name not in TABLE, name
        TABLE[name] = Row(model, refused, adds)


def calibration(loader):
    return f"quantization.calibration.dataloader={loader}"


def evaluation(loader):
    return f"evaluation.accuracy.dataloader={loader}"


def numbers(shape, dtype="float32"):
    """A dataloader of random numbers."""
    return f"{{dataset: {{dummy: {{shape: {shape}, low: 0, high: 1, dtype: {dtype}}}}}}}"


def dummy_both(shape, dtype="float32"):
    return (calibration(numbers(shape, dtype)), evaluation(numbers(shape, dtype)))


nhwc = partial(models.classifier, "NHWC")
nchw = partial(models.classifier, "NCHW", classes=1000)
BERT = ("input_ids", "attention_mask", "token_type_ids")
TWO = BERT[:2]  # distilBERT and RoBERTa have no token types

# --- Pictures to classes: the data set stands in the file.
expect("""helloworld_tf_example1_conf helloworld_tf_example3_conf helloworld_tf_example5_conf helloworld_tf_example6_conf
    tensorflow_image_recognition_inception_v1 tensorflow_image_recognition_inception_v2
    tensorflow_image_recognition_mobilenet_v1 tensorflow_image_recognition_mobilenet_v2
    tensorflow_image_recognition_mobilenet_v3 tensorflow_image_recognition_resnet50_v1
    tensorflow_image_recognition_resnet_v2_50 tensorflow_image_recognition_resnet_v2_101
    tensorflow_image_recognition_resnet_v2_152""", partial(nhwc, 224))
expect("""tensorflow_image_recognition_densenet121 tensorflow_image_recognition_densenet161
    tensorflow_image_recognition_densenet169 tensorflow_image_recognition_resnet101
    tensorflow_image_recognition_slim_resnet_v1_50 tensorflow_image_recognition_slim_resnet_v1_152
    tensorflow_image_recognition_vgg16 tensorflow_image_recognition_vgg19""", partial(nhwc, 224, classes=1000))
expect("""tensorflow_image_recognition_inception_v3 tensorflow_image_recognition_inception_v4
    tensorflow_image_recognition_inception_resnet_v2 tensorflow_image_recognition_slim_inception_v3""", partial(nhwc, 299))
expect("tensorflow_image_recognition_nasnet_mobile", partial(nhwc, 224, output="final_layer/predictions"))
expect("tensorflow_image_recognition_resnet50_v1_5", partial(nhwc, 224, output="softmax_tensor"))
expect("tensorflow_image_recognition_efficientnet-b0", partial(nhwc, 224, classes=1000, name="truediv", output="Squeeze"))
expect("tensorflow_keras_resnet50_fashion", partial(nhwc, 28, classes=10, channels=1))
expect("""pytorch_eager_image_recognition_efficientnet_conf_efficientnet_b0
    pytorch_eager_image_recognition_efficientnet_conf_mobilenetv3_rw pytorch_eager_image_recognition_imagenet_cpu_ptq_conf
    pytorch_eager_image_recognition_imagenet_cpu_ptq_conf_dump_tensors
    pytorch_eager_image_recognition_imagenet_cpu_prune_and_ptq_ptq_conf pytorch_eager_image_recognition_peleenet_conf
    pytorch_eager_image_recognition_resnest_conf pytorch_eager_image_recognition_se_resnext_conf
    pytorch_fx_image_recognition_imagenet_cpu_ptq_conf pytorch_ipex_image_recognition_imagenet_cpu_ptq_conf_ipex""",
       partial(nchw, 224))
expect("""onnxrt_image_recognition_mobilenet_v2_mobilenet_v2 onnxrt_image_recognition_resnet50_resnet50_v1_5
    onnxrt_image_recognition_resnet50_resnet50_v1_5_mlperf onnxrt_image_recognition_vgg16_vgg16
    onnxrt_onnx_model_zoo_resnet50_resnet50_v1_5""", partial(nchw, 224))
expect("onnxrt_image_recognition_mobilenet_v3_mobilenet_v3", partial(nhwc, 224))

# --- Pictures to classes: LPOT's example sets the data in code.
expect("helloworld_tf_example2_conf", partial(nhwc, 28, classes=10, channels=1, output="output"), (USAGE, NO_CALIBRATION),
       (calibration(numbers([8, 28, 28, 1])),))
expect("helloworld_tf_example4_conf", partial(nhwc, 224, name="image_tensor"), (USAGE, NO_CALIBRATION, NO_EVALUATION),
       dummy_both([8, 224, 224, 3]))
MXNET_PICTURES = ("{dataset: {ImageFolder: {root: {data}/classes_with_grey}}, transform: {Resize: {size: 36}, "
                  "CenterCrop: {size: 32}, ToTensor: {}, "
                  "Normalize: {mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225]}}}")
expect("mxnet_image_recognition_cnn", MXNET_NET, (USAGE, NO_CALIBRATION, NO_EVALUATION),
       ("model.input_shapes={data: [N, 3, 32, 32]}", calibration(MXNET_PICTURES), evaluation(MXNET_PICTURES)))
expect("tensorflow_qat_conversion_mnist", models.quantized_classifier, (USAGE, NO_CALIBRATION, NO_EVALUATION),
       dummy_both([8, 28, 28, 1]))

# --- Models that were trained with quantization, which is all that quant_aware_training means here.
expect("""pytorch_eager_image_recognition_imagenet_cpu_qat_conf pytorch_fx_image_recognition_imagenet_cpu_qat_conf""",
       partial(models.quantized_classifier, "NCHW", 224, 3), (USAGE, NO_CALIBRATION, NO_EVALUATION),
       dummy_both([8, 3, 224, 224]))
expect("pytorch_fx_object_detection_ssd_resnet34_qat_conf", partial(models.quantized_classifier, "NCHW", 224, 3),
       (USAGE, NO_CALIBRATION), (calibration(numbers([8, 3, 224, 224])),))

# --- Detectors and segmentation.
expect("""tensorflow_object_detection_faster_rcnn_resnet101 tensorflow_object_detection_faster_rcnn_inception_resnet_v2
    tensorflow_object_detection_ssd_resnet50_v1""", models.detector)
# Their calibration pictures keep their own sizes, which are others than those of the evaluation.
expect("tensorflow_object_detection_ssd_mobilenet_v1 tensorflow_object_detection_mask_rcnn_inception_v2", models.detector)
expect("onnxrt_object_detection_ssd_mobilenet_v1_ssd_mobilenet_v1 onnxrt_object_detection_ssd_mobilenet_v2_ssd_mobilenet_v2",
       partial(models.detector, name="image", boxes_name="detection_bboxes"))
expect("tensorflow_object_detection_ssd_resnet34",
       partial(models.detector, "NCHW", 1200, 1200, models.FLOAT, "image", boxes_name="detection_bboxes", has_count=False))
expect("tensorflow_object_detection_yolo_v3_yolo_v3", models.yolo,
       (USAGE, "it needs outputs for boxes, scores and classes", "Add to evaluation.accuracy: postprocess: {transform: {Detect: "
               "{boxes: output_boxes, scores: output_boxes, objectness: true}}}"),
       ("evaluation.accuracy.postprocess.transform.Detect={boxes: output_boxes, scores: output_boxes, objectness: true}",))
expect("pytorch_fx_object_detection_ssd_resnet34_ptq_conf", partial(models.detector, "NCHW", dtype=models.FLOAT))
COCO = "{dataset: {COCORaw: {root: {data}/coco}}, transform: {Resize: {size: 512}, Transpose: {perm: [2, 0, 1]}}}"
expect("mxnet_object_detection_ssd", partial(models.detector, "NCHW", 512, 512, models.FLOAT, "data"),
       (USAGE, NO_CALIBRATION), (calibration(COCO),))
expect("pytorch_eager_object_detection_yolo_v3_conf", partial(models.detector, "NCHW", 416, 416, models.FLOAT),
       (USAGE, NO_CALIBRATION), (calibration(numbers([2, 1, 3, 416, 416])),))
expect("pytorch_fx_object_detection_maskrcnn_pytorch_conf", partial(models.detector, "NCHW", dtype=models.FLOAT),
       (USAGE, NO_CALIBRATION), (calibration(numbers([2, 1, 3, 320, 480])),))
expect("tensorflow_semantic_image_segmentation_deeplab_deeplab", models.segmenter)

# --- Texts.
expect("onnxrt_language_translation_bert_bert_dynamic onnxrt_language_translation_bert_bert_static",
       partial(models.text, BERT, ["output"]))
expect("onnxrt_language_translation_distilbert_distilbert", partial(models.text, TWO, ["output"]))
# The rule names a node that only ONNX Runtime's own fusion makes.
expect("onnxrt_language_translation_roberta_roberta", partial(models.text, TWO, ["output"]),
       (USAGE, "quantization.op_wise 'Attention_9' matches no unit", "add --set 'quantization.op_wise.Attention_9=null'"),
       ("quantization.op_wise.Attention_9=null",))
expect("onnxrt_language_translation_mobilebert_mobilebert", partial(models.text, BERT, ["output"]))
expect("tensorflow_nlp_bert_large_squad_bert",
       partial(models.text, ("input_ids", "input_mask", "segment_ids"), ["unstack:0", "unstack:1"], 16, per_token=True))
GLUE = "{dataset: {GLUE: {data_dir: {data}/glue}}}"
expect("tensorflow_nlp_bert_base_mrpc_mrpc",
       partial(models.text, ("input_ids", "input_mask", "segment_ids"), ["loss/Softmax:0"]),
       (USAGE, NO_CALIBRATION), (calibration(GLUE), evaluation(GLUE), "evaluation.accuracy.metric.GLUE={task: mrpc}"))
expect("pytorch_eager_language_translation_ptq_conf", partial(models.text, BERT, ["logits"]), (USAGE, NO_CALIBRATION),
       (calibration(GLUE),))
expect("mxnet_language_translation_bert", partial(models.text, BERT, ["logits"], 16), (USAGE, NO_CALIBRATION),
       (calibration("{dataset: {bert: {root: {data}/eval.tf_record}}}"),))
TWO_FIELDS = "{dataset: {GLUE: {data_dir: {data}/glue, model_type: roberta}}}"
expect("pytorch_eager_language_translation_ptq_camembert-base pytorch_eager_language_translation_ptq_roberta-base",
       partial(models.text, TWO, ["logits"]), (USAGE, NO_CALIBRATION), (calibration(TWO_FIELDS),))
IDS = numbers([8, 128], "int64")
expect("pytorch_eager_language_translation_ptq_openai-gpt pytorch_eager_blendcnn_blendcnn",
       partial(models.text, ["input_ids"], ["logits"]), (USAGE, NO_CALIBRATION), (calibration(IDS),))
expect("pytorch_eager_huggingface_models_conf", partial(models.text, BERT, ["logits"]), (USAGE, NO_DATA),
       (calibration(GLUE),))
expect("onnxrt_onnx_model_zoo_bert-squad_bert", partial(models.text, BERT, ["unstack:1", "unstack:0"], 16, per_token=True),
       (USAGE, NO_DATA), (calibration("{dataset: {bert: {root: {data}/squad.h5}}}"),))
expect("onnxrt_onnx_model_zoo_mobilebert_mobilebert", partial(models.text, BERT, ["output"]), (USAGE, NO_DATA),
       (calibration(GLUE),))
expect("onnxrt_onnx_model_zoo_gpt2_gpt2", partial(models.text, ["input1"], ["output1"]), (USAGE, NO_DATA),
       (calibration(IDS),))
expect("onnxrt_gpt2", partial(models.text, ["input1"], ["output1"]), (USAGE, NO_EVALUATION), (evaluation(IDS),))
expect("tensorflow_nlp_transformer_lt_transformer_lt",
       partial(models.text, ["input_tensor"], ["model/Transformer/strided_slice_19"], 32), (USAGE, NO_CALIBRATION),
       (calibration(numbers([8, 32], "int64")),))

# --- Other kinds.
expect("tensorflow_style_transfer_conf", models.stylist)
expect("tensorflow_oob_models_config", partial(nhwc, 224, output="output"), (USAGE, NO_CALIBRATION),
       (calibration(numbers([8, 224, 224, 3])),))
expect("onnxrt_oob", partial(nchw, 224), (USAGE, NO_CALIBRATION, NO_EVALUATION), dummy_both([8, 3, 224, 224]))
expect("tensorflow_recommendation_wide_deep_large_ds_wide_deep_large_ds",
       partial(models.dense, [("new_numeric_placeholder", models.FLOAT, [13]),
                              ("new_categorical_placeholder", models.INT64, [26, 2])],
               [("import/head/predictions/probabilities", 2)]),
       (USAGE, NO_CALIBRATION), (calibration(numbers([[8, 13], [8, 26, 2]], "[float32, int64]")),))
expect("pytorch_eager_recommendation_conf pytorch_fx_recommendation_conf",
       partial(models.dense, [("dense", models.FLOAT, [13]), ("sparse", models.INT64, [26])], [("clicks", 1)]),
       (USAGE, NO_CALIBRATION), (calibration(numbers([[8, 13], [8, 26]], "[float32, int64]")),))
expect("pytorch_eager_medical_imaging_3d-unet_conf", models.volume, (USAGE, NO_CALIBRATION),
       (calibration(numbers([4, 4, 16, 16, 16])),))
expect("pytorch_eager_speech_recognition_rnnt_conf", models.speech, (USAGE, NO_DATA), (calibration(numbers([8, 20, 8])),))

# --- What Halftone does not do.
expect("""pytorch_eager_huggingface_models_head_conf pytorch_eager_huggingface_models_prune
    pytorch_eager_image_recognition_imagenet_cpu_prune_and_ptq_prune_conf pytorch_eager_image_recognition_imagenet_cpu_prune_conf
    pytorch_eager_image_recognition_imagenet_cpu_qat_during_prune_prune_conf pytorch_eager_language_translation_prune_conf""",
       refused=(USAGE, "the tag !Pruner is not supported"))
expect("""pytorch_eager_image_recognition_imagenet_cpu_qat_conf_buildin
    pytorch_eager_image_recognition_imagenet_cpu_qat_during_prune_qat_conf""",
       refused=(USAGE, "quantization.train is not available: Halftone does not train"))
expect("pytorch_eager_image_recognition_imagenet_gpu_conf", refused=(USAGE, "device 'gpu' is not available; available: cpu"))


class LpotConfigs(SystemTest):
    def setUp(self):
        super().setUp()
        self.data = Data(self.folder)
        self.env = environment(HALFTONE_IMPORT_CACHE=str(self.folder / "cache"))

    def dry_run(self, config, *sets):
        return halftone("tune", config, "--dry-run", "--json", *sets, cwd=self.folder, env=self.env)

    def model_words(self, name, config):
        """Writes the model of a config's kind, with the nodes that its rules name; returns the --set words for it."""
        model = TABLE[name].model
        if not callable(model):
            return ["--set", f"model.path={model}"] if model else []
        rules = (config.get("quantization") or {}).get("op_wise")
        path = self.folder / f"{name}.onnx"
        models.save(model(rules=rules) if rules else model(), path)
        return ["--set", f"model.path={path}"]

    def faults_of(self, name, text):
        """What is not as the table has it, in words; empty if all is."""
        row = TABLE[name]
        path = self.folder / f"{name}.yaml"
        path.write_text(text)
        config = {} if "!Pruner" in text else yaml.safe_load(text)
        words = self.data.paths(config) + self.model_words(name, config)
        wrong = []
        if row.refused:
            done = self.dry_run(path, *words)
            wrong += [f"code {done.code}, not {row.refused[0]}"] if done.code != row.refused[0] else []
            wrong += [f"not said: {said}" for said in row.refused[1:] if said not in done.err]
            wrong += [done.err] if wrong else []
        if not row.refused or row.adds:
            for added in row.adds:
                words += ["--set", added.replace("{data}", str(self.folder))]
            done = self.dry_run(path, *words)
            if done.code != OK or not json.loads(done.out)["ok"] or json.loads(done.out)["work"] is None:
                wrong.append(f"code {done.code}, not 0: {done.err}")
        return wrong

    @staticmethod
    def texts():
        """The text of each config, by its name. Composed, because a tag such as !Pruner is no value of Python."""
        root = yaml.compose(CONFIGS.read_text())
        return {name.value.removesuffix(".yaml"): yaml.serialize(content) for name, content in root.value}

    def test_tune_itself_says_what_to_add(self):
        texts = self.texts()
        for name, said in (("mxnet_image_recognition_cnn", NO_CALIBRATION), ("onnxrt_gpt2", NO_EVALUATION),
                           ("onnxrt_onnx_model_zoo_mobilebert_mobilebert", NO_DATA)):
            with self.subTest(config=name):
                config = self.folder / f"{name}.yaml"
                config.write_text(texts[name])
                done = halftone("tune", config, *self.model_words(name, yaml.safe_load(texts[name])), cwd=self.folder,
                                env=self.env)
                self.assert_refused(done, USAGE, said)

    def test_every_config_is_as_the_table_says(self):
        texts = self.texts()
        self.assertEqual(sorted(texts), sorted(TABLE), "every file has a row, and every row a file")
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            found = dict(zip(texts, pool.map(lambda item: self.faults_of(*item), texts.items())))
        for name, wrong in found.items():
            with self.subTest(config=name):
                self.assertEqual(wrong, [])


if __name__ == "__main__":
    main()
