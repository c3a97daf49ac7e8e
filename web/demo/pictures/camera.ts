/** The camera: the one at the back first, because one points it at things. */

type Facing = "environment" | "user";

export class Camera {
  readonly #video: HTMLVideoElement;
  #stream: MediaStream | undefined;
  #facing: Facing = "environment";

  constructor(video: HTMLVideoElement) {
    this.#video = video;
  }

  get isOn(): boolean {
    return this.#stream !== undefined;
  }

  /** Rejects with a sentence for people. */
  async start(): Promise<void> {
    this.stop();
    // Browsers hide cameras from pages that are not served securely.
    if (!navigator.mediaDevices) throw new Error("this page has to be opened over https or from localhost");
    try {
      this.#stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: { ideal: this.#facing } } });
    } catch (error) {
      throw new Error(reason(error), { cause: error });
    }
    this.#stream.getVideoTracks()[0]?.addEventListener("ended", () => this.stop());
    this.#video.srcObject = this.#stream;
    await this.#video.play();
  }

  async switch(): Promise<void> {
    this.#facing = this.#facing === "environment" ? "user" : "environment";
    await this.start();
  }

  stop(): void {
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = undefined;
    this.#video.srcObject = null;
  }
}

/** Whether there is another camera to switch to. Names are hidden, the number is not. */
export async function hasSeveral(): Promise<boolean> {
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.filter(({ kind }) => kind === "videoinput").length > 1;
}

function reason(error: unknown): string {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError") return "you, or your system, did not allow it; the lock beside the address changes that";
  if (name === "NotFoundError") return "there is none on this device";
  if (name === "NotReadableError") return "another program is using it";
  return error instanceof Error ? error.message : String(error);
}
