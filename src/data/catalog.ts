import type { DatasetName } from "../config/names.js";
import type { ImageStyle } from "../picture/read.js";
import { imagePixels, imageSide } from "../util/image-size.js";

/** One of a dataset's four IDX files, as it is known before it is read. */
export interface DatasetFile {
  /** The mirrors' name, without ".gz". */
  name: string;
  /** Lower-case hexadecimal, of the decompressed content. */
  sha256: string;
  /** Size of the decompressed content. */
  bytes: number;
  /** [images, 28, 28] or [labels] */
  dimensions: readonly number[];
}

export interface DatasetEntry {
  name: DatasetName;
  /** The name in messages: "Fashion-MNIST". */
  title: string;
  files: { trainImages: DatasetFile; trainLabels: DatasetFile; testImages: DatasetFile; testLabels: DatasetFile };
  /** Addresses of folders that hold "NAME.gz", in the order in which they are tried. Plain HTTP is enough: every byte is verified. */
  mirrors: readonly string[];
  /** Folders below a data directory that the dataset gives its name: this program's own first, then torchvision's. */
  folders: readonly string[];
  /** [10], by label */
  classNames: readonly string[];
  /** Of the training images' pixels in [0, 1]. */
  /** How its images were made, and pictures are made like them. */
  style: ImageStyle;
  normalization: { mean: number; std: number };
}

type Digests = readonly [trainImages: string, trainLabels: string, testImages: string, testLabels: string];

function files([trainImages, trainLabels, testImages, testLabels]: Digests): DatasetEntry["files"] {
  const images = (name: string, n: number, sha256: string) => ({
    name,
    sha256,
    bytes: 16 + n * imagePixels,
    dimensions: [n, imageSide, imageSide],
  });
  const labels = (name: string, n: number, sha256: string) => ({ name, sha256, bytes: 8 + n, dimensions: [n] });
  return {
    trainImages: images("train-images-idx3-ubyte", 60_000, trainImages),
    trainLabels: labels("train-labels-idx1-ubyte", 60_000, trainLabels),
    testImages: images("t10k-images-idx3-ubyte", 10_000, testImages),
    testLabels: labels("t10k-labels-idx1-ubyte", 10_000, testLabels),
  };
}

const digits = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

export const catalog: Readonly<Record<DatasetName, DatasetEntry>> = {
  mnist: {
    name: "mnist",
    title: "MNIST",
    files: files([
      "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
      "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
      "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
      "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ]),
    mirrors: [
      "https://ossci-datasets.s3.amazonaws.com/mnist/",
      "https://storage.googleapis.com/cvdf-datasets/mnist/",
      "https://raw.githubusercontent.com/fgnt/mnist/master/",
      "https://sagemaker-sample-files.s3.amazonaws.com/datasets/image/MNIST/",
    ],
    folders: ["mnist", "MNIST/raw", "MNIST"],
    classNames: digits,
    style: "digit",
    normalization: { mean: 0.1307, std: 0.3081 },
  },
  "fashion-mnist": {
    name: "fashion-mnist",
    title: "Fashion-MNIST",
    files: files([
      "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
      "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
      "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
      "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ]),
    mirrors: [
      "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
      "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
      "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
    ],
    folders: ["fashion-mnist", "FashionMNIST/raw", "FashionMNIST"],
    classNames: ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"],
    style: "article",
    normalization: { mean: 0.286, std: 0.353 },
  },
  synthetic: {
    name: "synthetic",
    title: "synthetic digits",
    // The digests change with the generator: a cached set of an older generator no longer matches and is replaced.
    files: files([
      "a9d3c7e6c30d8cfd3f10ede2814ca1493be11b4a7f5bc1dd6490a2a3c3df5efe",
      "3993904d553d76d735c65339072d4a701a4545304678b2070628bc6b923f55c3",
      "eb7799711a836122b2efe5d4d3f61505d61052dea5acc08bf89a65aa1429ed49",
      "f0b7fad5499bc86894d5f6463b53bffee8489ad0c1b7d181cb39930fb0c42f82",
    ]),
    mirrors: [],
    folders: [],
    classNames: digits,
    style: "digit",
    normalization: { mean: 0.1307, std: 0.3081 },
  },
};

/** @param dataset the name in a checkpoint; digits where the name is none of the catalog's */
export function styleOf(dataset: string): ImageStyle {
  return Object.hasOwn(catalog, dataset) ? catalog[dataset as DatasetName].style : "digit";
}

/** @returns [4] the files: training images, training labels, test images, test labels */
export function filesOf(entry: DatasetEntry): readonly DatasetFile[] {
  const { trainImages, trainLabels, testImages, testLabels } = entry.files;
  return [trainImages, trainLabels, testImages, testLabels];
}
