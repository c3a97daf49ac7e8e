/** The demo page: four views, each opened when its address is. */
import { DrawView } from "./draw/view.js";
import { InsideView } from "./inside/view.js";
import { prefer } from "./networks.js";
import { installDrop } from "./page/drop.js";
import { installNetworkBar } from "./page/network-bar.js";
import { installNotice } from "./page/notice.js";
import { installRouter, type View } from "./page/router.js";
import { installTheme } from "./page/theme.js";
import { installOffline } from "./offline/install.js";
import { PicturesView } from "./pictures/view.js";
import { TrainView } from "./train/view.js";

installTheme();
installNotice();
installNetworkBar();

const draw = new DrawView();
const pictures = new PicturesView();
const views: Record<View, { open(): Promise<void> }> = {
  draw,
  train: new TrainView(),
  pictures,
  inside: new InsideView(),
};

installDrop((picture) => void pictures.show(picture));
installRouter((view) => {
  if (view !== "pictures") pictures.leave();
  if (view === "pictures") prefer("pictures");
  if (view === "draw") prefer("digits");
  void views[view].open();
});
installOffline();
