export { zipSync } from "fflate";
export { default } from "read-excel-file/universal";
