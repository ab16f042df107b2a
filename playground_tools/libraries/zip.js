export { Zip, ZipPassThrough } from "fflate";
